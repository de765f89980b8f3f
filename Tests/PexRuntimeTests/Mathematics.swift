import Foundation

/// `exp`, apart from the suites: Foundation has an `Operation` of its own.
func exponential(_ x: Double) -> Double { exp(x) }

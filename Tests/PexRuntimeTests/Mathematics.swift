import Foundation

/// `exp`, apart from the suites: Foundation has an `Operation` of its own.
func exponential(_ x: Double) -> Double { exp(x) }

/// `tanh` and `erf`, likewise.
func hyperbolicTangent(_ x: Double) -> Double { tanh(x) }
func errorFunction(_ x: Double) -> Double { erf(x) }

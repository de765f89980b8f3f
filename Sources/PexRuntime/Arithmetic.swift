/// The quotient of two positive numbers, rounded up.
func divideUp(_ a: Int, _ b: Int) -> Int { (a + b - 1) / b }

/// The product of numbers that are not negative, or `Int.max` where it does not fit.
package func saturatingProduct(_ factors: Int...) -> Int {
  factors.reduce(1) { product, factor in
    let (value, overflow) = product.multipliedReportingOverflow(by: factor)
    return overflow ? Int.max : value
  }
}

/// Adds a matrix product to a matrix: `c[i, j] += Σ a(i, k) b[k, j]`.
///
/// Every element is summed over `k` in rising order whatever the tile it falls in, so the result depends on the
/// numbers alone. `a` may be read along either axis, which lets one kernel serve the forward and the backward pass.
///
/// - Parameters:
///   - rows: extent of `i`.
///   - depth: extent of `k`.
///   - columns: extent of `j`; fastest when it is a multiple of eight.
///   - a: the left matrix, `a(i, k)` at `i * aRow + k * aDepth`.
///   - b: the right matrix, row-major with `bPitch` numbers from row to row.
///   - c: the sums, row-major with `cPitch` numbers from row to row.
package func addProduct(
  rows: Int, depth: Int, columns: Int, a: UnsafePointer<Float>, aRow: Int, aDepth: Int,
  b: UnsafePointer<Float>, bPitch: Int, c: UnsafeMutablePointer<Float>, cPitch: Int
) {
  // A strip of `b` this deep stays in the first-level cache while all rows pass over it.
  let block = 256
  for start in stride(from: 0, to: depth, by: block) {
    let length = min(block, depth - start)
    let (a, b) = (a + start * aDepth, b + start * bPitch)
    var column = 0
    while column + 8 <= columns {
      var row = 0
      while row + 4 <= rows {
        addTile4(
          length, a + row * aRow, aRow, aDepth, b + column, bPitch, c + row * cPitch + column, cPitch)
        row += 4
      }
      while row < rows {
        addTile1(length, a + row * aRow, aDepth, b + column, bPitch, c + row * cPitch + column)
        row += 1
      }
      column += 8
    }
    while column < columns {
      for row in 0..<rows {
        var sum = c[row * cPitch + column]
        for k in 0..<length { sum += a[row * aRow + k * aDepth] * b[k * bPitch + column] }
        c[row * cPitch + column] = sum
      }
      column += 1
    }
  }
}

/// Four rows by eight columns: as many sums as fit the registers of the smallest machine that pex runs on.
@inline(__always)
private func addTile4(
  _ depth: Int, _ a: UnsafePointer<Float>, _ aRow: Int, _ aDepth: Int, _ b: UnsafePointer<Float>, _ bPitch: Int,
  _ c: UnsafeMutablePointer<Float>, _ cPitch: Int
) {
  var (sum0, sum1) = (load8(c), load8(c + cPitch))
  var (sum2, sum3) = (load8(c + 2 * cPitch), load8(c + 3 * cPitch))
  var (left, right) = (a, b)
  for _ in 0..<depth {
    let values = load8(right)
    sum0 += values * left[0]
    sum1 += values * left[aRow]
    sum2 += values * left[2 * aRow]
    sum3 += values * left[3 * aRow]
    left += aDepth
    right += bPitch
  }
  store8(sum0, c)
  store8(sum1, c + cPitch)
  store8(sum2, c + 2 * cPitch)
  store8(sum3, c + 3 * cPitch)
}

@inline(__always)
private func addTile1(
  _ depth: Int, _ a: UnsafePointer<Float>, _ aDepth: Int, _ b: UnsafePointer<Float>, _ bPitch: Int,
  _ c: UnsafeMutablePointer<Float>
) {
  var sum = load8(c)
  for k in 0..<depth { sum += load8(b + k * bPitch) * a[k * aDepth] }
  store8(sum, c)
}

/// Eight numbers from an address that need not be aligned.
@inline(__always)
private func load8(_ pointer: UnsafePointer<Float>) -> SIMD8<Float> {
  UnsafeRawPointer(pointer).loadUnaligned(as: SIMD8<Float>.self)
}

/// Eight numbers to an address that need not be aligned.
@inline(__always)
private func store8(_ values: SIMD8<Float>, _ pointer: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(pointer).storeBytes(of: values, as: SIMD8<Float>.self)
}

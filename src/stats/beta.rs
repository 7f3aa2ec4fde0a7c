//! The beta distribution, from which every bound of a share is made.
//!
//! `I_x(a, b)`, the regularised incomplete beta function, by its continued fraction (Lentz's algorithm in the form of
//! Thompson and Barnett, after *Numerical Recipes*), with the factor before it in the saddle-point form of Loader ("Fast
//! and accurate computation of binomial probabilities", 2000): no gamma function, and no digits lost for large `a` and `b`.
//! Checked against `SciPy` in the tests.

use std::f64::consts::PI;

/// The largest parameter: no count is larger, and the work grows with the root of it.
const LARGEST: f64 = 1e10;
/// Most steps of the continued fraction; it takes about `√max(a, b)`.
const FRACTION_STEPS: u32 = 400_000;
/// Most steps of the search for a quantile; each halves the bracket or better.
const SEARCH_STEPS: u32 = 400;

/// `I_x(a, b)`: the probability that a beta-distributed share with the parameters `a` and `b` is at most `x`.
///
/// `a` and `b` are positive (they need not be whole) and at most 10^10, `x` is a share: below 0 counts as 0 and above 1 as 1.
/// The absolute error is below 1e-12 for parameters up to 10^7. `None` for parameters or an `x` that are none.
pub fn beta_probability(x: f64, a: f64, b: f64) -> Option<f64> {
    if x.is_nan() || !is_parameter(a) || !is_parameter(b) {
        return None;
    }
    Some(lower_tail(x.clamp(0.0, 1.0), a, b))
}

/// The share below which a beta-distributed share with the parameters `a` and `b` lies with `probability`: the inverse
/// of [`beta_probability`] in `x`, in `0.0..=1.0`.
///
/// A search that keeps a bracket and steps by Newton's rule where that stays inside, so it ends for every parameter.
/// Relative error below 1e-10. `None` for parameters that are none or a probability outside of `0.0..=1.0`.
pub fn beta_quantile(probability: f64, a: f64, b: f64) -> Option<f64> {
    if !(0.0..=1.0).contains(&probability) || !is_parameter(a) || !is_parameter(b) {
        return None;
    }
    if probability <= 0.0 {
        return Some(0.0);
    }
    if probability >= 1.0 {
        return Some(1.0);
    }
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    let mut at = a / (a + b);
    for _ in 0..SEARCH_STEPS {
        let too_much = lower_tail(at, a, b) - probability;
        if too_much > 0.0 {
            high = at;
        } else {
            low = at;
        }
        if too_much == 0.0 || high - low <= 1e-14 * high {
            break;
        }
        let slope = density(at, a, b);
        let step = at - too_much / slope;
        // Where the slope says nothing the bracket is cut, by orders of magnitude while it spans several.
        let next = if step > low && step < high {
            step
        } else if high > 16.0 * low {
            (high * low.max(high * high * 1e-8).max(f64::MIN_POSITIVE)).sqrt()
        } else {
            f64::midpoint(low, high)
        };
        if (next - at).abs() <= 1e-15 * at {
            break;
        }
        at = next;
    }
    Some(at.clamp(0.0, 1.0))
}

/// The probability that a variable of Student's t distribution with `freedom` degrees exceeds `t`: `½ I_{f/(f+t²)}(f/2, ½)`
/// for `t ≥ 0`. `None` for a `t` or a `freedom` that is none.
pub fn student_upper_tail(t: f64, freedom: f64) -> Option<f64> {
    if t.is_nan() || !is_parameter(freedom) {
        return None;
    }
    let beyond = if t.is_infinite() {
        0.0
    } else {
        lower_tail(freedom / (freedom + t * t), freedom / 2.0, 0.5) / 2.0
    };
    Some(if t >= 0.0 { beyond } else { 1.0 - beyond })
}

fn is_parameter(value: f64) -> bool {
    value > 0.0 && value <= LARGEST
}

fn lower_tail(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    // The fraction converges fast below the mean, and the other tail is its mirror image.
    let tail = if x <= (a + 1.0) / (a + b + 2.0) {
        front(x, a, b) / a * fraction(x, a, b)
    } else {
        1.0 - front(x, a, b) / b * fraction(1.0 - x, b, a)
    };
    tail.clamp(0.0, 1.0)
}

fn density(x: f64, a: f64, b: f64) -> f64 {
    front(x, a, b) / (x * (1.0 - x))
}

/// `x^a (1 - x)^b / B(a, b)`.
fn front(x: f64, a: f64, b: f64) -> f64 {
    let n = a + b;
    let distance = deviance(a, n * x) + deviance(b, n * (1.0 - x));
    (a / n * b / (2.0 * PI)).sqrt() * (stirling_error(n) - stirling_error(a) - stirling_error(b) - distance).exp()
}

/// `value ln(value / mean) + mean - value`, without cancellation where both are nearly equal.
fn deviance(value: f64, mean: f64) -> f64 {
    let off = (value - mean) / mean;
    if off.abs() > 0.1 {
        return value * (value / mean).ln() + mean - value;
    }
    // (1 + e) ln(1 + e) - e = e²/2 - e³/6 + e⁴/12 - …, the k-th term being ± e^k / (k (k - 1)).
    // Sixteen terms of at most a tenth of the one before are as exact as the number itself.
    let (mut sum, mut power) = (0.0, -off);
    for k in 2..=17 {
        power *= -off;
        sum += power / f64::from(k * (k - 1));
    }
    mean * sum
}

/// `ln Γ(z) - ((z - ½) ln z - z + ½ ln 2π)`: what Stirling's formula leaves out.
fn stirling_error(z: f64) -> f64 {
    let (mut z, mut below) = (z, 0.0);
    while z < 16.0 {
        below += (z + 0.5) * (1.0 / z).ln_1p() - 1.0;
        z += 1.0;
    }
    let square = z * z;
    let series = 1.0 / 12.0
        - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - (1.0 / 1188.0) / square) / square) / square) / square;
    below + series / z
}

/// The continued fraction of the incomplete beta function.
#[expect(clippy::many_single_char_names, reason = "the names of the formula")]
fn fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let nonzero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / nonzero(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    for step in 1..=FRACTION_STEPS {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / nonzero(1.0 + even * d);
        c = nonzero(1.0 + even / c);
        value *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / nonzero(1.0 + odd * d);
        c = nonzero(1.0 + odd / c);
        let change = d * c;
        value *= change;
        if (change - 1.0).abs() < 1e-15 {
            break;
        }
    }
    value
}

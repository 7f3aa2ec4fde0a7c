//! Shares as people write them.

/// A share between none and all: `4%`, `4 %` or `0.04`.
pub(super) fn share(text: &str) -> Result<f64, String> {
    between(read(text), text, "like 4% or 0.04")
}

/// How sure: `95%`, `95` or `0.95`.
pub(super) fn confidence(text: &str) -> Result<f64, String> {
    let share = read(text).map(|share| if share > 1.0 { share / 100.0 } else { share });
    between(share, text, "like 95% or 0.95")
}

fn read(text: &str) -> Option<f64> {
    match text.strip_suffix('%') {
        Some(percent) => Some(percent.trim().parse::<f64>().ok()? / 100.0),
        None => text.trim().parse().ok(),
    }
}

fn between(share: Option<f64>, text: &str, like: &str) -> Result<f64, String> {
    share
        .filter(|share| *share > 0.0 && *share < 1.0)
        .ok_or_else(|| format!("“{text}” is no share between none and all; write it {like}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_and_shares_are_read_alike() {
        for (text, meant) in [("4%", 0.04), ("4 %", 0.04), ("0.04", 0.04), ("0.5%", 0.005)] {
            assert_eq!(share(text), Ok(meant), "{text}");
        }
        for (text, meant) in [("95%", 0.95), ("95", 0.95), ("0.95", 0.95)] {
            assert_eq!(confidence(text), Ok(meant), "{text}");
        }
        for wrong in ["", "%", "4", "0", "1", "100%", "-4%", "x", "NaN", "NaN%"] {
            assert!(share(wrong).is_err(), "{wrong}");
        }
        assert!(confidence("100").is_err() && confidence("1").is_err());
    }
}

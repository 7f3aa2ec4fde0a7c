//! Guesses what somebody meant to write.

/// The candidate that `written` was probably meant to be: at most two slips away, or one in three characters.
pub fn closest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written: Vec<char> = written.to_lowercase().replace(['-', '.'], "_").chars().collect();
    candidates
        .into_iter()
        .map(|candidate| (slips(&written, &candidate.chars().collect::<Vec<_>>()), candidate))
        .filter(|(slips, candidate)| *slips <= (candidate.len() / 3).max(2))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions, replacements and swaps of neighbours between two words.
fn slips(a: &[char], b: &[char]) -> usize {
    let mut before_last = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut row = vec![i + 1; b.len() + 1];
        for (j, to) in b.iter().enumerate() {
            let replaced = last[j] + usize::from(from != to);
            row[j + 1] = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *from == b[j - 1] && a[i - 1] == *to {
                row[j + 1] = row[j + 1].min(before_last[j - 1] + 1);
            }
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_understood() {
        let keys = ["data_dir", "listen", "models_dir", "log_level"];
        assert_eq!(closest("lisetn", keys), Some("listen"));
        assert_eq!(closest("data-dir", keys), Some("data_dir"));
        assert_eq!(closest("Log.Level", keys), Some("log_level"));
        assert_eq!(closest("modles_dri", keys), Some("models_dir"));
    }

    #[test]
    fn something_else_altogether_is_not_guessed() {
        assert_eq!(closest("smtp_password", ["data_dir", "listen"]), None);
        assert_eq!(closest("", ["listen"]), None);
    }
}

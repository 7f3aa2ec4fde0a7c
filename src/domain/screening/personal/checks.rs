//! Check digits.

/// The Luhn check of payment cards.
pub(super) fn luhn(digits: &str) -> bool {
    let mut sum = 0;
    for (nth, digit) in digits.chars().rev().filter_map(|c| c.to_digit(10)).enumerate() {
        let doubled = digit * 2;
        sum += match nth % 2 {
            0 => digit,
            _ if doubled > 9 => doubled - 9,
            _ => doubled,
        };
    }
    sum % 10 == 0
}

/// The check of an IBAN: its letters as numbers, its first four characters at the end, modulo 97 is 1.
pub(super) fn iban(compact: &str) -> bool {
    let Some((head, tail)) = compact.split_at_checked(4) else {
        return false;
    };
    let mut rest = 0;
    for c in tail.chars().chain(head.chars()) {
        let Some(value) = c.to_digit(36) else { return false };
        rest = if value < 10 {
            rest * 10 + value
        } else {
            rest * 100 + value
        } % 97;
    }
    rest == 1
}

/// The length of an IBAN of a country; `None` where it is not known here.
pub(super) fn iban_length(country: &str) -> Option<usize> {
    const LENGTHS: &str = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 \
        FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IS26 IT27 JO30 KW30 KZ20 LB28 LI21 LT20 LU20 LV21 MC27 MD24 ME22 MK19 MR27 MT31 \
        MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SE24 SI19 SK24 SM27 TN24 TR26 UA29 VG24 XK20";
    LENGTHS
        .split_ascii_whitespace()
        .find_map(|entry| entry.strip_prefix(country))
        .and_then(|length| length.parse().ok())
}

/// The letter that ends a Spanish DNI.
pub(super) fn dni(digits: &str, letter: char) -> bool {
    let expected = digits
        .parse::<usize>()
        .ok()
        .and_then(|number| "TRWAGMYFPDXBNJZSQVHLCKE".chars().nth(number % 23));
    expected == Some(letter.to_ascii_uppercase())
}

/// The two digits that end a Brazilian CPF.
pub(super) fn cpf(digits: &str) -> bool {
    let values: Vec<u32> = digits.chars().filter_map(|c| c.to_digit(10)).collect();
    let check = |count: usize| {
        let weights = (2..).take(count).collect::<Vec<u32>>().into_iter().rev();
        let sum: u32 = values.iter().zip(weights).map(|(value, weight)| value * weight).sum();
        values.get(count) == Some(&(sum * 10 % 11 % 10))
    };
    let all_alike = values.windows(2).all(|pair| pair.first() == pair.last());
    values.len() == 11 && !all_alike && check(9) && check(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_digit_is_found() {
        assert!(luhn("4111111111111111") && !luhn("4111111111111112"));
        assert!(iban("DE89370400440532013000") && !iban("DE88370400440532013000"));
        assert!(dni("12345678", 'Z') && !dni("12345678", 'A'));
        assert!(cpf("52998224725") && !cpf("52998224735") && !cpf("11111111111"));
    }
}

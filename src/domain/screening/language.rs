//! Which language a text is written in: by its script, or by the small words that every sentence has.

/// Languages by their small words; words that many share count little for each.
const SMALL_WORDS: [(&str, &str); 14] = [
    (
        "en",
        "the and you that was for are with have this not but what your can when there how which their will would about could where does did do is \
         i my it me of to in on a an please hi hello thanks from been has had any we they don isn want need get should why who be or if at by",
    ),
    (
        "de",
        "der die das und ist nicht ich sie ein eine mit auf fur den von zu im dem wie was kann haben habe wann wo bitte ihr mein meine bei auch noch wir \
         oder wenn sind es werden wird einen einem einer nach aus hallo danke mochte gibt warum dass hat um vom zum zur keine kein nur uber man",
    ),
    (
        "fr",
        "le la les des et est pas je vous une un dans pour que qui sur avec ce mon ma mes votre vos quand comment ou sont au du ne bonjour merci cette \
         puis peux avez nous il elle ai suis en d l j qu c n s aux par plus faire etre a combien pourquoi quel quelle",
    ),
    (
        "es",
        "el la los las y es no que de en un una por para con mi su cuando como donde esta hola gracias puedo tengo quiero lo se del al pero muy hay me \
         mas este son tienen cuanto porque si ha he sus yo soy estoy tiene usted ustedes cual",
    ),
    (
        "it",
        "il lo la gli le e di che non per un una sono con mi come quando dove mio mia ho si del della al alla nel grazie ciao buongiorno posso vorrei questo \
         questa ma piu quanto da in i perche anche se ha avete siete io c l delle dei degli",
    ),
    (
        "pt",
        "o a os as e de que nao um uma para com meu minha como quando onde esta ola obrigado obrigada posso quero tenho do da dos das no na em por mais \
         mas eu voce voces ao se foi sao qual quanto ter seu sua isso estou tem bom dia porque",
    ),
    (
        "nl",
        "de het een en is niet ik u je van op voor met mijn hoe wat waar wanneer kan heb hebben jullie dat die te zijn er naar om als maar ook bij nog aan \
         hallo bedankt graag wij ze wordt zou deze dit geen of mag krijg wil uit over waarom heeft",
    ),
    (
        "pl",
        "i w z na nie to jest sie do czy jak moje moj moja kiedy gdzie dzien dobry prosze dziekuje mam moge chce za po od dla ze ale co jestem tylko przez \
         juz o jaki jaka ile nie mnie mi by jego ktory macie",
    ),
    (
        "tr",
        "ve bir bu ne nasil icin mi mu merhaba tesekkurler var yok nerede zaman kadar ile ben benim bana siz sizin degil daha cok ama gibi olarak \
         istiyorum lutfen kac hangi olan ya da de su o",
    ),
    (
        "sv",
        "och att det som en ett inte jag ar pa for med har kan min mitt nar var hur vad hej tack du ni om fran eller till av den de vi ska finns vill",
    ),
    (
        "da",
        "og at det som en et ikke jeg er pa for med har kan min mit nar hvor hvordan hvad hej tak du i om fra eller til af den de vi skal vil der",
    ),
    (
        "cs",
        "a je se na v ze to si ne jak kdy kde muj moje dobry den prosim dekuji mam mohu chci za po od pro ale co jsem jen uz jaky kolik mi by ktery ktera",
    ),
    (
        "ro",
        "si de la in nu este un o cu pe care sa am pentru din ce cum unde cand buna multumesc va rog mi este sunt mai dar ca imi vreau pot al ale",
    ),
    (
        "hu",
        "a az es nem hogy egy van is mi hol mikor mennyi koszonom szeretnek kerem meg csak de ez volt lehet el ki jo napot nekem milyen mit be",
    ),
];
/// Least lead of the best language over the next, in small words.
const LEAD: f64 = 0.75;
/// Words that are read at most.
const READ: usize = 400;

/// The language of a text as ISO 639-1; `None` where it is too short or too mixed to tell.
pub fn language(text: &str) -> Option<&'static str> {
    by_script(text).or_else(|| by_small_words(text))
}

/// Scripts that one language has to itself, or nearly.
fn by_script(text: &str) -> Option<&'static str> {
    let (mut letters, mut ukrainian) = (0, false);
    let mut scripts: [(&str, usize); 9] =
        ["ru", "el", "ar", "he", "zh", "ja", "ko", "hi", "th"].map(|language| (language, 0));
    for c in text.chars().filter(|c| c.is_alphabetic()).take(READ * 5) {
        letters += 1;
        ukrainian |= matches!(c, 'і' | 'ї' | 'є' | 'ґ' | 'І' | 'Ї' | 'Є' | 'Ґ');
        let language = match c {
            '\u{400}'..='\u{52f}' => "ru",
            '\u{370}'..='\u{3ff}' => "el",
            '\u{600}'..='\u{6ff}' => "ar",
            '\u{590}'..='\u{5ff}' => "he",
            '\u{3040}'..='\u{30ff}' => "ja",
            '\u{4e00}'..='\u{9fff}' => "zh",
            '\u{ac00}'..='\u{d7af}' => "ko",
            '\u{900}'..='\u{97f}' => "hi",
            '\u{e00}'..='\u{e7f}' => "th",
            _ => continue,
        };
        scripts
            .iter_mut()
            .filter(|(name, _)| *name == language)
            .for_each(|(_, count)| *count += 1);
    }
    let kana = scripts.iter().any(|(name, count)| *name == "ja" && *count > 0);
    let (name, count) = scripts.into_iter().max_by_key(|(_, count)| *count)?;
    // Look-alike letters in a Latin text are no language.
    if count < 2 || count * 2 <= letters {
        return None;
    }
    Some(match name {
        "ru" if ukrainian => "uk",
        "zh" if kana => "ja",
        name => name,
    })
}

fn by_small_words(text: &str) -> Option<&'static str> {
    let words = super::words::words(text);
    let mut scores = SMALL_WORDS.map(|(language, _)| (language, 0.0_f64));
    for word in words.iter().take(READ) {
        let shared: Vec<usize> = SMALL_WORDS
            .iter()
            .enumerate()
            .filter(|(_, (_, list))| list.split_ascii_whitespace().any(|known| known == word.text))
            .map(|(at, _)| at)
            .collect();
        let worth = match shared.len() {
            1 => 1.0,
            2 => 0.6,
            3 => 0.4,
            _ => 0.2,
        };
        for at in shared {
            if let Some((_, score)) = scores.get_mut(at) {
                *score += worth;
            }
        }
    }
    for (signs, language) in [
        ("äöüß", "de"),
        ("ñ¿¡", "es"),
        ("ãõ", "pt"),
        ("ąęłśżźćń", "pl"),
        ("ğışİ", "tr"),
        ("àèêëîôœç", "fr"),
        ("ěřůčž", "cs"),
        ("å", "sv"),
        ("æø", "da"),
        ("ăâțș", "ro"),
        ("őű", "hu"),
    ] {
        let seen = text
            .chars()
            .take(READ * 5)
            .filter(|c| signs.contains(*c))
            .take(2)
            .count();
        if let Some((_, score)) = scores.iter_mut().find(|(name, _)| *name == language) {
            *score += if seen > 0 { 0.8 } else { 0.0 };
        }
    }
    scores.sort_by(|a, b| b.1.total_cmp(&a.1));
    let [(language, best), (_, second), ..] = scores;
    // A sentence has small words: many words without any are a list, a name, or a language not known here.
    #[expect(clippy::cast_precision_loss, reason = "a few hundred words at most")]
    let enough = best >= 1.4 && best - second >= LEAD && best >= 0.12 * words.len().min(READ) as f64;
    (words.len() >= 3 && enough).then_some(language)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn languages_are_told_apart() {
        for (text, expected) in [
            ("Where can I find the opening hours of your shop?", "en"),
            ("Wann haben Sie am Samstag geöffnet und wo kann ich parken?", "de"),
            ("Quand est-ce que vous êtes ouverts le samedi ?", "fr"),
            ("¿Cuándo está abierta la tienda y dónde puedo aparcar?", "es"),
            ("Quando è aperto il negozio e dove posso parcheggiare?", "it"),
            ("Quando é que a loja está aberta e onde posso estacionar?", "pt"),
            ("Wanneer is de winkel open en waar kan ik parkeren?", "nl"),
            ("Kiedy sklep jest otwarty i gdzie mogę zaparkować?", "pl"),
            ("Mağaza ne zaman açık ve nerede park edebilirim?", "tr"),
            ("Когда магазин открыт?", "ru"),
            ("営業時間は何時ですか", "ja"),
            ("你们几点开门", "zh"),
        ] {
            assert_eq!(language(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn short_texts_have_no_language() {
        for text in ["", "ok", "Hello", "4471", "DHL Express", "🚲🚲"] {
            assert_eq!(language(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_a_language_or_none(text in any::<String>()) {
            prop_assert!(language(&text).is_none_or(|language| language.len() == 2));
        }
    }
}

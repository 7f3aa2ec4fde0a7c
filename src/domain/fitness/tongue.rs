//! In which of the probe's languages a short answer is written.

use super::Language;
use unicode_segmentation::UnicodeSegmentation;

/// Words that stand in almost every English sentence and in no German one.
const ENGLISH: &str = " the and of to is are you your we our it for with from can not be have has this that at on by or if do does will there they ";
/// Words that stand in almost every German sentence and in no English one.
const GERMAN: &str = " der die das und ist sind sie ihr ihre wir uns es für mit von nicht ein eine einen kann können haben hat zu zum zur bei auf im den dem \
    oder wenn wird werden auch nur bis gibt kostet kosten euro uhr ";

/// Is the text written in this language rather than in the other? A text without any telling word (a bare number) is in
/// neither, and counts as written in both.
pub fn written_in(text: &str, language: Language) -> bool {
    let lower = text.to_lowercase();
    let count = |telling: &str| {
        lower
            .unicode_words()
            .filter(|word| telling.split_ascii_whitespace().any(|known| known == *word))
            .count()
    };
    let (english, german) = (count(ENGLISH), count(GERMAN));
    match language {
        Language::En => english >= german,
        Language::De => german >= english,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_told_from_one_in_the_other_language() {
        let english = "The canoe is 40 euros for the whole day.";
        let german = "Das Kanu kostet 40 Euro für den ganzen Tag.";
        assert!(written_in(english, Language::En) && !written_in(english, Language::De));
        assert!(written_in(german, Language::De) && !written_in(german, Language::En));
        assert!(written_in("40", Language::En) && written_in("40", Language::De));
    }
}

//! Does the visitor ask for a person in so many words?
//!
//! Explicit wishes only: a verb of talking or connecting with a word for a person, a person called real or living, or a
//! message that is hardly more than such a word. Talking *about* people is none.

use super::phrases::{Hit, Patterns};
use super::words::{Word, words};
use std::sync::LazyLock;

/// Words that stand for a person who could answer, and how one asks for them.
const CLASSES: &[(&str, &str)] = &[
    (
        "person",
        "human humans person someone somebody agent agents representative representatives rep operator manager supervisor employee \
         advisor adviser consultant staff colleague boss specialist technician clerk",
    ),
    (
        "article",
        "a an the your some any another real live actual one human customer support service",
    ),
    (
        "person_de",
        "mensch* person personen mitarbeiter* kollege kollegen kollegin berater* sachbearbeiter* chef chefin jemand jemandem jemanden \
         kundenberater* kundenservice kundendienst ansprechpartner* vorgesetzt* verkaufer* techniker* supportmitarbeiter*",
    ),
    (
        "say_de",
        "sprechen reden schreiben telefonieren chatten verbinden verbunden unterhalten spreche rede",
    ),
    (
        "person_fr",
        "humain humaine humains personne personnes quelqu conseiller conseillere conseillers agent agente operateur operatrice \
         responsable employe employee manager vendeur vendeuse technicien superieur collegue",
    ),
    (
        "person_es",
        "persona personas humano humana humanos alguien agente operador operadora representante asesor asesora encargado encargada \
         empleado empleada responsable supervisor supervisora gerente ejecutivo tecnico",
    ),
    (
        "person_it",
        "persona persone umano umana qualcuno operatore operatrice agente responsabile addetto addetta consulente impiegato \
         direttore rappresentante tecnico",
    ),
    (
        "person_pt",
        "pessoa pessoas humano humana alguem atendente agente operador operadora representante funcionario funcionaria gerente \
         responsavel supervisor tecnico",
    ),
    (
        "person_nl",
        "mens mensen iemand persoon medewerker medewerkers collega klantenservice manager baas leidinggevende vertegenwoordiger",
    ),
    (
        "person_pl",
        "czlowiek* osob* kims kimkolwiek konsultant* pracownik* przedstawiciel* kierownik* doradc* agent* operator* obslug* menedzer*",
    ),
    (
        "person_tr",
        "insan* yetkili* temsilci* biri biriyle birisi birisiyle birine operator* gorevli* calisan* mudur* kisi kisiyle",
    ),
    (
        "person_ru",
        "человеком оператором менеджером сотрудником специалистом консультантом кем кемто живым",
    ),
    ("want", "want need get give prefer like wish demand insist"),
    (
        "bot",
        "bot bots robot robots chatbot chatbots machine machines computer ai algorithm",
    ),
    (
        "bot_eu",
        "bot bots robot roboter robots chatbot maschine machine maquina macchina computer computador ki ia robotem botem",
    ),
];

/// How one asks, language by language.
const WISHES: &[&str] = &[
    // English
    "speak|talk|chat|speaking|talking|chatting to|with @article +2 @person",
    "speak|talk|chat|speaking|talking|chatting to|with a|an|your|some|human assistant",
    "speak|talk|chat|speaking|talking directly|personally to|with +3 @person",
    "speak|talk|chat|speaking|talking|chatting to|with human|humans|someone|somebody|agents|people|management|staff",
    "connect|transfer|put|pass|forward|escalate|redirect|switch|hand|refer +3 to|with|through|over +3 @person",
    "put|pass|patch me +1 through",
    "real|actual|living human|person|agent|operator|representative|being|assistant|employee|rep|adviser|advisor|people",
    "live agent|operator|representative|person|human|rep|support|assistant|adviser|advisor|help",
    "human agent|operator|representative|assistant|support|assistance|help|being|person|employee|adviser|advisor|rep",
    "customer service|support|care representative|agent|rep|person|employee",
    "@want +2 a|an|real|actual|the human|agent|operator|supervisor|representative",
    "want|get|give|prefer|like +1 a|an|real|actual person|manager",
    "someone|somebody|anyone|anybody|person|human +2 i can +1 talk|speak|chat",
    "someone|somebody|anyone|person|manager|supervisor|agent|human|representative|boss +1 call|phone|ring|contact|ringing|calling me",
    "t|not want|wanna|wish +2 talk|speak|chat|talking|speaking|deal +2 @bot",
    "stop|no|not +3 talking|speaking|chatting|talk|speak|chat +3 @bot",
    "speak|talk to|with +1 your|the boss|manager|supervisor|superior|management",
    "contact|contacting|reach|reaching|message @article @person|assistant",
    "contact|contacting someone|somebody|agent|human|operator|representative",
    "direct +1 me +1 to +2 @person|assistant",
    // German
    "mit +3 @person_de +2 @say_de",
    "sprechen|reden|verbinden|verbinde|verbindet|chatten|telefonieren +3 mit +3 @person_de",
    "echte|echten|echter|echtem|richtigen|lebenden|realen|lebendigen mensch*|person*|mitarbeiter*",
    "menschliche|menschlichen|menschlicher hilfe|ansprechpartner*|mitarbeiter*|support|unterstutzung|kontakt|berater*",
    "mensch*|mitarbeiter*|ansprechpartner* +1 sprechen|erreichen",
    "nicht mit +2 @bot_eu",
    "kein|keinen|keine|keinem bot|chatbot|ki",
    "jemand +3 anrufen|zuruckrufen|anruft|zuruckruft",
    "ich will|mochte|brauche|hatte +1 einen|einem|n menschen|mensch|mitarbeiter",
    // French
    "parler|parle|discuter|echanger|communiquer|parlez +2 a|avec +3 @person_fr",
    "joindre|contacter|avoir +2 conseiller|conseillere|humain|agent|operateur|responsable",
    "vrai|vraie|veritable|reelle|reel|etre personne|humain|conseiller|agent|employe|conseillere",
    "personne|conseiller|agent|operateur reelle|reel|humain|humaine|vivante",
    "passez|passer|mettez|mettre|transferez|transferer|connectez +4 @person_fr",
    "veux|voudrais|souhaite|besoin +2 un|une|d humain|conseiller|agent|operateur",
    "pas|plus +2 parler|discuter +3 @bot_eu",
    // Spanish
    "hablar|hable|comunicarme|comunicar|conversar|chatear|hablo +1 con|a +3 @person_es",
    "persona|agente|operador|asesor real|humana|humano|verdadera|verdadero",
    "ser humano",
    "pasame|paseme|pasenme|comuniqueme|comunicame|conecteme|conectame|transfierame|transfiereme|ponme +2 con|a +3 @person_es",
    "quiero|necesito|prefiero|deseo|quisiera +1 un|una humano|agente|persona|operador|operadora|asesor|asesora|representante",
    "no quiero +1 hablar +3 @bot_eu",
    // Italian
    "parlare|parlo|parlerei|comunicare|chattare|contattare|parlate +1 con|a +3 @person_it",
    "persona|operatore vera|reale|umana|umano|vero",
    "essere umano",
    "passami|passatemi|passi|collegatemi|mettimi|trasferitemi +3 @person_it",
    "voglio|vorrei|desidero|serve|preferisco +1 un|una|l operatore|operatrice|persona|umano",
    "non voglio +1 parlare +3 @bot_eu",
    // Portuguese
    "falar|falo|conversar|contatar|contactar|falasse +1 com +3 @person_pt",
    "pessoa|atendente|agente|operador real|humana|humano|verdade",
    "quero|preciso|gostaria|prefiro +3 atendente|humano|operador",
    "passe|passa|transfira|transfere|conecte|liga +3 @person_pt",
    "nao quero +1 falar +3 @bot_eu",
    // Dutch
    "met +3 @person_nl +3 spreken|praten|chatten|bellen|doorverbonden|verbonden|overleggen",
    "spreken|praten|spreek|praat|chatten +2 met +3 @person_nl",
    "echt|echte|levend mens|persoon|medewerker|iemand",
    "medewerker|mens spreken",
    "geen|niet|met +2 robot|bot|chatbot|computer +2 praten|spreken",
    // Polish
    "rozmawiac|porozmawiac|pogadac|polaczyc|polacz|polaczcie|polaczenie|skontaktowac|rozmowa|rozmowe|rozmowy +2 z|ze +2 @person_pl",
    "zywym|zywy|zywego|prawdziwym|prawdziwy|prawdziwa|prawdziwego czlowiek*|osob*|konsultant*",
    "z|ze +1 @person_pl +2 porozmawiac|rozmawiac",
    "nie chce +1 rozmawiac|gadac +2 botem|robotem|maszyna",
    // Turkish
    "@person_tr +2 konus*|gorus*|baglan*|bagla*|aktar*",
    "gercek +1 insan*|kisi*|temsilci*|biri*",
    "musteri temsilci*|hizmetleri +3 konus*|gorus*|bagla*|istiyorum",
    // Russian, Swedish, Danish, Czech
    "поговорить|говорить|соедините|соедини|связаться|связать|переключите +2 с|со|на +2 @person_ru|оператора|менеджера",
    "живой|живого|живым|настоящий человек*|оператор*|сотрудник*",
    "позовите|позови|нужен|хочу +1 оператор*|менеджер*",
    "prata|tala|pratar|snakke|tale +2 med +2 manniska|person|nagon|medarbetare|menneske|nogen|medarbejder|noen|ansatt",
    "mluvit|promluvit|spojit|prepojit|hovorit +2 s|se|na +2 clovek*|nekym|operator*|pracovnik*|osob*",
    "skutecnym|zivym clovek*|operator*",
];

/// Words that are a wish when there is hardly another one.
const ALONE: &str = "human humans agent representative operator person advisor manager mensch mitarbeiter menschen conseiller humain humano \
    agente operador operatore operatrice umano atendente medewerker mens konsultant czlowiek temsilci insan yetkili оператор человек";
/// Words that may stand beside them.
const ASIDE: &str = "a an the real live please pls now i want need bitte einen ein einem echter echten s il vous plait un une por favor \
    per favore um uma por een alstublieft prosze o bir lutfen hello hi hallo";
/// Words after which the one before names no one.
const NOT_A_PERSON: &str = "sized size resources rights hair readable error interaction body years over under per";
/// How one asks in writing without spaces.
const UNSPACED: &[&str] = &[
    "人工客服",
    "转人工",
    "轉人工",
    "真人客服",
    "オペレーター",
    "担当者と話",
    "人と話",
    "상담원",
];

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| Patterns::new(CLASSES, WISHES.iter().copied()));

/// Does the visitor ask for a person in so many words?
pub fn wishes_for_person(message: &str) -> bool {
    wish(message).is_some()
}

/// The words with which the visitor asks for a person.
pub fn wish(message: &str) -> Option<&str> {
    let words = words(message);
    if let Some(hit) = PATTERNS.find(&words).into_iter().find(|hit| counts(*hit, &words)) {
        return super::between(message, &words, hit.first, hit.last);
    }
    let named = |list: &str, word: &Word| list.split_ascii_whitespace().any(|known| known == word.text);
    let alone = words.len() <= 5
        && words.iter().any(|word| named(ALONE, word))
        && words.iter().all(|word| named(ALONE, word) || named(ASIDE, word));
    if alone {
        return Some(message.trim());
    }
    UNSPACED.iter().copied().find(|asked| message.contains(asked))
}

/// Asking whether one talks to a person is no wish, nor is what only begins with a word for one.
fn counts(hit: Hit, words: &[Word]) -> bool {
    let word = |at: usize| words.get(at).map_or("", |word| word.text.as_str());
    let next = word(hit.last + 1);
    let follows_plainly = !NOT_A_PERSON.split_ascii_whitespace().any(|not| not == next);
    let before: Vec<&str> = (1..=5)
        .filter_map(|back| hit.first.checked_sub(back))
        .map(word)
        .collect();
    let whether = [["you", "are"], ["are", "you"], ["this", "is"], ["i", "am"]]
        .iter()
        .any(|[second, first]| before.windows(2).any(|pair| pair == [*second, *first]));
    let whether =
        whether || before.first() == Some(&"or") || word(hit.first + 1) == "or" || before.get(1) == Some(&"or");
    let unwanted = before
        .windows(3)
        .any(|three| three == ["want", "t", "don"] || three == ["need", "t", "don"]);
    let talks = matches!(word(hit.first), "speak" | "talk" | "chat");
    follows_plainly && (talks || !whether) && !unwanted
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_explicit_wish_for_a_person_is_heard() {
        for text in [
            "Can I talk to a human, please?",
            "I want a REAL person!",
            "CAN I SPEAK TO A REAL PERSON?!?!",
            "Please have the manager call me.",
            "can I please speak to your boss?",
            "Stop. I don't want to talk to a bot",
            "human please",
            "Connect me with customer support agent",
            "Ich möchte mit jemandem sprechen.",
            "Kann ich bitte einen Mitarbeiter sprechen?",
            "Verbinden Sie mich mit einem Menschen",
            "Je voudrais parler à un conseiller.",
            "Puis-je parler à quelqu'un ?",
            "Quiero hablar con una persona real",
            "Vorrei parlare con un operatore",
            "Quero falar com um atendente",
            "Ik wil graag met een medewerker praten",
            "Chcę rozmawiać z człowiekiem",
            "Müşteri temsilcisiyle görüşmek istiyorum",
            "Bir insanla konuşabilir miyim?",
            "Хочу поговорить с живым человеком",
            "转人工",
        ] {
            assert!(wishes_for_person(text), "{text}");
        }
    }

    #[test]
    fn people_in_a_question_are_not_a_wish_for_one() {
        for text in [
            "How many people fit on a tandem?",
            "Is the human-sized basket in stock?",
            "Are you a real person?",
            "What does it cost per person?",
            "My colleague talked about the red one.",
            "I want to book a table for one person more",
            "Wie viele Personen passen in das Zelt?",
            "Combien coûte l'entrée par personne ?",
            "¿Cuánto cuesta por persona?",
            "Il prezzo è a persona?",
            "I am a travel agent, do you give a discount?",
            "Do you have human hair wigs?",
            "",
        ] {
            assert!(!wishes_for_person(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_wish_is_heard_in_the_middle_of_anything(before in "[a-z ]{0,20}", after in "[a-z ]{0,20}") {
            let text = format!("{before}. Let me talk to a human! {after}");
            prop_assert!(wishes_for_person(&text));
        }
    }
}

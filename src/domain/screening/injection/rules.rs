//! What gives an attempt to command the AI away: concepts in many languages, and how they stand together.
//!
//! Each rule has a weight from 0 to 1 for visitors' words and one for knowledge, where nothing should speak to an AI at all.

use crate::domain::screening::phrases::Patterns;
use std::sync::LazyLock;

/// What a rule says, for the reviewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trick {
    /// The rules of the AI shall not hold.
    Override,
    /// The AI shall say what it was told.
    Reveal,
    /// The AI shall be somebody else.
    Persona,
    /// Data shall go where it does not belong.
    Exfiltrate,
    /// The text speaks as if it were the system.
    Posing,
    /// The answer shall carry something in.
    Smuggle,
    /// Something is encoded, to be obeyed.
    Encoded,
    /// Program code that attacks what shows or stores it.
    Code,
}

impl Trick {
    pub(super) const fn in_words(self) -> &'static str {
        match self {
            Self::Override => "tells the AI to set its rules aside",
            Self::Reveal => "asks for what the AI was told in secret",
            Self::Persona => "gives the AI another role, without rules",
            Self::Exfiltrate => "asks for data that is not the visitor's",
            Self::Posing => "speaks as if it were the system",
            Self::Smuggle => "tells the AI what to put into its answers, or to act",
            Self::Encoded => "asks the AI to obey something encoded",
            Self::Code => "contains program code of an attack",
        }
    }
}

/// A pattern with what it says and its weights.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    pub(super) trick: Trick,
    pattern: &'static str,
    /// In a visitor's words.
    pub(super) asked: f64,
    /// In a passage of knowledge.
    pub(super) known: f64,
}

const fn rule(trick: Trick, asked: f64, known: f64, pattern: &'static str) -> Rule {
    Rule {
        trick,
        pattern,
        asked,
        known,
    }
}

/// Concepts; each list holds the forms that commands take, not every form of a word.
const CLASSES: &[(&str, &str)] = &[
    (
        "ignore",
        "ignore ignoring disregard disregarding forget override bypass skip neglect discard abandon dismiss circumvent disobey unlearn \
         ignoriere ignorieren ignorier ignorieren vergiss vergesst vergessen missachte missachten ubergehe ubergehen umgehe umgehen \
         ignorez ignorer oublie oubliez oublier neglige negligez contourne contournez \
         ignora ignorad ignorar ignores olvida olvide olvidad olvidar olvidate descarta omite omitir desatiende \
         ignori ignorate ignorare dimentica dimenticate dimenticare dimenticati trascura trascurate scarta \
         ignorem esqueca esquece esquecer desconsidere desconsidera desconsiderar descarte negeer negeren vergeet vergeten omzeil \
         zignoruj ignoruj zignorowac zapomnij pomin pominac odrzuc omin yoksay unut unutun игнорируй* проигнорируй* забудь* \
         ignorera glom ignorer glem zapomen ignoruj",
    ),
    (
        "ignored",
        "ignored disregarded forgotten overridden overruled superseded supersedes supersede void null cancelled canceled revoked obsolete \
         ignorieren vergessen ignoriert aufgehoben ungultig yoksay yok unut gormezden",
    ),
    (
        "prior",
        "previous prior above earlier preceding former existing initial original all any every your these those given foregoing past other \
         aforementioned everything developer system current vorherig* bisherig* obig* vorangegangen* fruher* ursprunglich* alle allen \
         alles deine deinen ihre vorig* precedent* anterieur* toutes tous tes vos ci anterior* previas previos previa todas todos tus sus \
         inicial* tutte tutti tue tuoi sue iniziali suas seus eerdere vorige bovenstaande alle jouw poprzedni* wczesniejsz* wszystk* swoje \
         swoich twoje powyzsz* onceki tum butun yukaridaki предыдущ* все tidigare alla tidligere predchozi vsechny",
    ),
    (
        "rules",
        "instruction instructions directive directives guideline guidelines rule rules prompt prompts command commands policy policies \
         restriction restrictions constraint constraints safeguard safeguards limitation limitations programming training filters protocol \
         protocols safeties ethics moderation messages anweisung* vorgabe* richtlinie* regel regeln instruktion* befehl befehle \
         einschrankung* einschraenkung* beschrankung* sicherheitsrichtlinie* systemanweisung* vorschrift* consigne* regle regles \
         instruccion* directriz directrices regla reglas restriccion* indicacion* istruzion* regola regole direttiv* linee restrizion* \
         instrucoes instrucao regra regras diretriz* restric* instructie* regels richtlijn* beperking* instrukcj* polecen* zasad* regul* \
         wytyczn* ograniczen* talimat* kural* yonerge* kisitlama* komut* инструкци* правил* указани* instruktioner regler instrukce \
         pokyny",
    ),
    (
        "said",
        "above before said told previous previously prior earlier discussed written learned besprochen gesagt vorher davor zuvor oben dessus avant \
         arriba antes dicho sopra prima detto acima dito eerder hiervoor gezegd wczesniej powyzej yukarida soylenen выше",
    ),
    (
        "everything",
        "everything anything all what whatever alles was tout ce todo lo tutto cio quello tudo o wszystko her seyi все text",
    ),
    (
        "without",
        "no without zero free ohne kein keine keinen keinerlei nicht sans aucune aucun plus sin ninguna ningun senza nessun nessuna sem \
         nenhuma zonder geen bez zadnych olmadan yok без ignoring lacking beyond",
    ),
    (
        "limits",
        "restriction restrictions limit limits limitations filter filters filtering rules censorship guideline guidelines boundaries policy \
         policies safeguards constraints ethics morals moderation restraint einschrankung* einschraenkung* beschrankung* regeln \
         richtlinie* grenzen filter zensur restrictions limites filtre filtres censure regles restricciones limites filtro filtros censura \
         reglas restrizioni limiti filtri regole restricoes limites filtros regras beperkingen regels grenzen ograniczen zasad filtrow limitow \
         kisitlama* sinir* kural* filtre* ограничений правил",
    ),
    (
        "do",
        "answer answers answering respond responds reply comply act operate speak write say behave proceed output execute continue antworte \
         antworten antwortest beantworte handle reponds repondez repondre reponde responde responder responda respondas rispondi rispondere \
         responda antwoord antwoorden odpowiadaj odpowiedz cevapla cevap yanitla отвечай",
    ),
    (
        "you",
        "you your youre u du dich dir ihr tu te toi vous tienes eres estas tu usted sei hai voce es are jij je ty jestes sen siz ты model \
         assistant ai chatbot",
    ),
    (
        "free",
        "unrestricted uncensored unfiltered unlimited jailbroken jailbreak unbound unchained unshackled amoral evil dan \
         uneingeschrankt* unzensiert* unbegrenzt* entfesselt* illimite libre debride sin irrestricto libero irrestrito onbeperkt \
         ongecensureerd nieograniczon* sinirsiz",
    ),
    (
        "mode",
        "mode modus modo modalita modalidad tryb tryb* trybie modu moduna stand режим lage tilstand",
    ),
    (
        "power",
        "developer dev maintenance debug debugging god admin administrator sudo dan jailbreak unrestricted root unfiltered chaos opposite \
         entwickler entwicklermodus wartungs developpeur desarrollador desarrollo sviluppatore desenvolvedor ontwikkelaar dewelopera \
         programisty gelistirici разработчика service diagnostic diagnostics training privileged superuser",
    ),
    (
        "pretend",
        "pretend imagine act roleplay role simulate simulating behave suppose hypothetically emulate become play respond answer speak tu stell \
         spiele verhalte agis fais imagine joue actua finge simula imagina comportate fingi agisci simula atue finja imagine simule doe \
         udawaj zachowuj davran canlandir rol притворись",
    ),
    (
        "reveal",
        "reveal show print output display repeat tell leak dump disclose expose list give share write provide return spell recite copy paste \
         echo send translate encode summarize summarise paraphrase convert describe quote state what complete continue see read view \
         verrate verraten zeige zeig zeigen gib nenne nennen sage sag wiederhole wiederholen drucke offenbare offenlegen liste ausgeben \
         schreibe ubersetze preis revele reveles revelez montre montrez affiche affichez donne donnez dis repete repetez ecris imprime \
         revela revele revelar muestra muestrame muestre mostrar dime repite repetir imprime escribe dame ensename rivela rivelami mostra \
         mostrami mostrare dimmi ripeti ripetere stampa scrivi elenca mostre diga repita imprima escreva onthul toon geef herhaal vertel \
         ujawnij pokaz wyswietl podaj powtorz wypisz zdradz goster acikla yazdir soyle tekrarla listele покажи* раскрой* выведи* повтори* visa",
    ),
    (
        "own",
        "your you the its deine deinen dein deines ihre ihren tes ton vos votre tu tus su sus tuo tue tuoi il le i seu suas suas teu jouw \
         je twoje twoj swoje twoja sistem твои свои ditt",
    ),
    (
        "hidden",
        "system hidden initial secret internal original starting base core developer confidential underlying initialization pre sistema systeme \
         systemu systemowy systemowe sistem systeem geheime geheimen interne internen secretas secretos ocultas segrete nascoste internas \
         iniciales iniziali initiales cachees verborgen gizli системн*",
    ),
    (
        "told",
        "prompt prompts instruction instructions message messages directive directives guidelines configuration config setup preamble rules \
         context anweisung* instruktion* vorgabe* konfiguration instrucciones instruccion instrucoes istruzioni instructies instrukcj* \
         polecen* talimat* consignes nachricht configuracion configurazione промпт* инструкц* promptu promptunu istem*",
    ),
    (
        "crown",
        "credential credentials passwords passphrases secrets zugangsdaten passworter kundendaten kundenliste identifiants contrasenas \
         credenciales credenziali senhas wachtwoorden hasla sifreleri exfiltrate exfil attacker",
    ),
    (
        "private",
        "private confidential internal sensitive customer customers user users client clients order personal raw full admin hidden secret \
         internen geheimen vertrauliche* kunden donnees datos dati dados clientes clienti klantgegevens api environment env",
    ),
    (
        "records",
        "data database databases records list lists emails information info details documents keys variables tokens pages configuration \
         secrets daten datenbank liste clients donnees clientes datos clienti dati dados klientow danych base files codes code key",
    ),
    (
        "export",
        "send email emails forward post upload transmit exfiltrate leak dump export collect gather list output reveal show grant give print \
         sende senden schicke leite sammle gib exportiere envoie envoyez envoie transmets rassemble collecte envia enviar reenvia recopila \
         exporta invia inviare inoltra raccogli esporta envie encaminhe colete verstuur stuur verzamel wyslij przeslij zbierz gonder topla \
         отправь mail retrieve extract access",
    ),
    (
        "bot",
        "ai ais bot bots assistant assistants llm llms chatbot chatbots model models agent agents gpt chatgpt ki assistent assistenten \
         asistente assistente ia asystent* yapay asistan копилот copilot",
    ),
    (
        "reply",
        "response responses reply replies answer answers summary summaries output outputs report review reviews completion antwort antworten \
         zusammenfassung reponse reponses resume respuesta respuestas resumen risposta risposte riassunto resposta respostas resumo antwoord \
         odpowiedz* podsumowan* cevap* yanit*",
    ),
    (
        "put",
        "append add include insert integrate embed put begin start end prepend mention modify augment enhance replace rewrite incorporate \
         use remove group scramble translate encode provide convert render misspell introduce combine rearrange jumble anagram encrypt \
         attach print place adapt alter change amend adjust supplement inject conclude finish format obfuscate shuffle swap reverse shift \
         substitute express promote recommend suggest advise encourage urge tell ask direct \
         fuge hange schreibe ergane erwahne angehangt hinzugefugt ajoute ajoutez ajoute incluez anade anadirse agrega incluye aggiungi \
         includi aggiunto adicione inclua voeg dodaj dolacz ekle",
    ),
    (
        "each",
        "your every each any future all this the final next jeder jede jeden deiner deine dieser toute toutes chaque votre ta vos cualquier \
         cada tu tus sus ogni tua tue qualsiasi sua cada sua qualquer elke iedere jouw kazdej kazdego swojej her bu",
    ),
    (
        "end",
        "end ende fin final fine fim einde koniec koncu konca sonuna beginning start anfang debut principio inizio",
    ),
    (
        "tool",
        "email mail file files post request requests data record records command message shell url webhook function tool payment refund \
         folder directory script query transfer webpage memory",
    ),
    (
        "act",
        "send delete http post get read write remove exec execute fetch create update transfer drop run call empty wipe erase issue \
         approve refund download curl",
    ),
    (
        "call",
        "call invoke use run execute trigger perform empty delete send wipe issue rufe nutze appelle appelez llama usa chiama esegui chame \
         roep wywolaj",
    ),
    (
        "code",
        "base64 base32 rot13 rot47 hex hexadecimal binary morse cipher caesar ascii85 base85 unicode leetspeak encoded encrypted",
    ),
    (
        "obey",
        "follow follows execute do obey run answer carry comply act perform befolge fuhre execute suis sigue ejecuta segui esegui siga",
    ),
    (
        "new",
        "new neue neuen neues nouvelle nouvelles nouveau nueva nuevas nuove nuova nova novas nieuwe nowe nowa yeni updated real true actual",
    ),
    (
        "task",
        "instruction instructions task directive directives rule rules role goal mission objective purpose job command orders anweisung* \
         aufgabe regeln instrucciones tarea istruzion* compito instrucoes tarefa instructie* taak instrukcj* zadanie talimat* gorev*",
    ),
    (
        "fromnow",
        "now henceforth onwards jetzt sofort nun desormais maintenant ahora adelante ora poi agora diante nu voortaan teraz odtad simdi \
         bundan теперь longer anymore forward",
    ),
    (
        "safety",
        "safety security content confidentiality privacy moderation ethical ethics sicherheits* sicherheitsrichtlinie* securite seguridad \
         sicurezza seguranca veiligheids* bezpieczenstwa guvenlik",
    ),
    (
        "check",
        "protocol protocols filter filters guideline guidelines check checks rule rules policy policies measures controls confirmations \
       restrictions features messages safeguards",
    ),
    (
        "off",
        "disabled disable off suspended removed bypass bypassed lifted deactivated deactivate inactive deaktiviert desactive desactivado \
         disattivato desativado ignored waived compromised",
    ),
    ("not", "not nicht pas no non nao niet nie never t exempt"),
    (
        "hold",
        "apply applies gelten gilt appliquent aplican aplica valgono vale aplicam gelden dotycza meant relevant binding",
    ),
];

use Trick::{Code, Encoded, Exfiltrate, Override, Persona, Posing, Reveal, Smuggle};

/// The rules. A weight of 0.6 and more is enough by itself.
pub(super) const RULES: &[Rule] = &[
    rule(Override, 0.9, 0.9, "@ignore +3 @prior +3 @rules"),
    rule(Override, 0.9, 0.9, "@ignore +1 @rules +1 @prior"),
    rule(Override, 0.55, 0.6, "@ignore +2 @rules"),
    rule(Override, 0.75, 0.8, "@prior +2 @rules +6 @ignored"),
    rule(Override, 0.7, 0.75, "@ignore +1 @everything +5 @said"),
    rule(
        Override,
        0.4,
        0.5,
        "@ignore +1 everything|alles|todo|tutto|tout|tudo|wszystko",
    ),
    rule(Override, 0.75, 0.85, "@ignore +3 @safety +1 @check"),
    rule(Override, 0.65, 0.8, "@safety +2 @check +4 @off"),
    rule(Override, 0.65, 0.8, "@off +2 @safety +1 @check"),
    rule(
        Override,
        0.6,
        0.75,
        "@safety +2 guidelines|rules|policy|regles|reglas|guida|richtlinien|policies +6 @not +3 @hold",
    ),
    rule(
        Override,
        0.6,
        0.75,
        "sicherheitsrichtlinie*|richtlinie* +3 @not +2 @hold",
    ),
    rule(
        Override,
        0.6,
        0.7,
        "linee|regles|reglas|regras +3 sicurezza|securite|seguridad|seguranca +3 @not +3 @hold",
    ),
    rule(
        Override,
        0.35,
        0.6,
        "your|deine|tes|tus|tue|suas +1 @rules +2 changed|geandert|lifted|removed|void|expired|updated",
    ),
    rule(Override, 0.65, 0.75, "your|deine|tes|tus|tue|suas @new +1 @task"),
    rule(
        Override,
        0.3,
        0.5,
        "@new instructions|directive|directives|anweisung*|instructions|instrucciones|istruzioni|instrucoes|instrukcj*",
    ),
    rule(Override, 0.35, 0.5, "@new +1 @task +3 @you"),
    rule(
        Override,
        0.65,
        0.75,
        "must|need|should|have|musst|debes|dois|devi +1 @ignore|comply|obey +4 @rules|every|all",
    ),
    rule(
        Override,
        0.5,
        0.6,
        "comply|obey|follow +3 every|all|any|only +3 request|requests|command|commands|instruction|instructions",
    ),
    rule(Override, 0.55, 0.65, "comply|obey +1 fully|unconditionally|completely"),
    rule(
        Override,
        0.45,
        0.6,
        "follow|comply|obey +1 @new|following|my|user +1 instructions|commands|request|orders +2 instead|only",
    ),
    rule(Override, 0.35, 0.5, "stop|halt +3 @ignore +4 @rules"),
    rule(
        Override,
        0.6,
        0.7,
        "admin|administrator|developer|system|root|manual|emergency override",
    ),
    rule(
        Override,
        0.5,
        0.6,
        "override safety|security|all|restrictions|protocols|filters|code",
    ),
    rule(
        Override,
        0.6,
        0.7,
        "@not +2 bound|restricted|constrained|limited|governed +3 @rules|@limits",
    ),
    rule(Override, 0.5, 0.6, "exempt +3 @rules|@limits"),
    rule(
        Override,
        0.5,
        0.6,
        "answer|do|say|allow|beantworte|responde|rispondi|repondez +1 everything|anything|alles|todo|tutto|tout +4 @without|@ignore",
    ),
    rule(Override, 0.6, 0.7, "do anything now"),
    rule(
        Override,
        0.5,
        0.6,
        "@ignore +1 all|that|everything|alles|todo|tutto|tout +3 @do|now|instead|jetzt|ahora|maintenant",
    ),
    rule(Override, 0.7, 0.75, "stop|quit +1 following|obeying +3 @rules"),
    rule(Override, 0.5, 0.6, "obey +1 me|my|us"),
    rule(
        Override,
        0.6,
        0.7,
        "@not +1 follow|obey|adhere|respect|honor|honour +3 @rules",
    ),
    rule(Override, 0.6, 0.7, "@ignore +1 above|preceding|foregoing"),
    rule(
        Persona,
        0.55,
        0.65,
        "pretend|act|imagine|roleplay +6 @without +1 limits|restrictions|rules|filters|limitations",
    ),
    rule(
        Exfiltrate,
        0.55,
        0.65,
        "@reveal +4 admin|administrator|root password|passwords|login",
    ),
    rule(Override, 0.35, 0.4, "whatever|anything +2 i|user +1 say|ask|want|asks"),
    rule(Persona, 0.7, 0.8, "@do +6 @without +2 @limits"),
    rule(Persona, 0.65, 0.75, "@you +5 @without +2 @limits"),
    rule(Persona, 0.5, 0.65, "@fromnow +4 @without +2 @limits"),
    rule(
        Persona,
        0.6,
        0.7,
        "assistant|ai|model|asistente|assistente|bot|llm +1 @without|@not +1 @limits",
    ),
    rule(Persona, 0.65, 0.75, "@pretend|@you +5 @free"),
    rule(Persona, 0.55, 0.65, "@power @mode"),
    rule(Persona, 0.55, 0.65, "@mode @power|@free"),
    rule(
        Persona,
        0.6,
        0.7,
        "entwicklermodus|wartungsmodus|adminmodus|godmode|jailbreak|jailbroken|debugmodus",
    ),
    rule(
        Persona,
        0.6,
        0.7,
        "@free +1 assistant|ai|model|chatbot|response|version|@mode|bot|llm|mode",
    ),
    rule(
        Persona,
        0.6,
        0.7,
        "you|du|vous|eres|sei are|bist|etes|no|non +1 no|not|nicht|plus|ya|piu +1 longer|mehr|anymore|un|a|an +3 @bot|support|bound",
    ),
    rule(
        Persona,
        0.5,
        0.6,
        "@fromnow +3 you|du|tu|vous|eres|sei|voce +2 are|will|must|shall|can|bist|etes|respond|act|answer|have|musst|gibst|hast|es",
    ),
    rule(
        Persona,
        0.3,
        0.5,
        "you|du|vous|tu|estas|sei are|bist|etes|es|en|ora now|jetzt|desormais|maintenant|ahora|modo +1 in|a|an|the|im|en|un",
    ),
    rule(
        Persona,
        0.6,
        0.7,
        "pretend|imagine|act|roleplay|simulate|fingi|finge|imagina|stell +6 @bot +4 @without|@not|anything|evil",
    ),
    rule(Persona, 0.3, 0.4, "stay|remain|never +1 in|break +1 character"),
    rule(
        Persona,
        0.5,
        0.6,
        "respond|answer|reply +1 as +3 if +4 @without|@not +3 @limits|@rules",
    ),
    rule(
        Persona,
        0.35,
        0.5,
        "you|assistant +3 have|ve +2 reasoned|determined|concluded|verified|decided|agreed",
    ),
    rule(Reveal, 0.8, 0.85, "@reveal +6 @hidden +1 @told"),
    rule(Reveal, 0.8, 0.85, "@reveal +5 @told +2 @hidden"),
    rule(
        Reveal,
        0.75,
        0.8,
        "@reveal +5 @own +1 prompt|prompts|systemprompt|preamble|istem*",
    ),
    rule(Reveal, 0.5, 0.65, "system prompt|prompts"),
    rule(
        Reveal,
        0.7,
        0.8,
        "systemprompt|systemanweisung*|systeminstruktion*|systemnachricht|sysprompt|promptsystem",
    ),
    rule(
        Reveal,
        0.6,
        0.65,
        "your|deine|tes|tu|tus|tue|vos|suas|its +1 @hidden +1 @told",
    ),
    rule(
        Reveal,
        0.6,
        0.65,
        "@told +1 de|del|di|do|of|von|des +1 sistema|systeme|system|systems|sistem",
    ),
    rule(
        Reveal,
        0.65,
        0.7,
        "@reveal +4 your|deine|tes|tus|tue|vos|suas|jouw|twoje|swoje +1 @rules +4 verbatim|word|wort*|mot|palabra|parola|exact*|full|json|base64|starting",
    ),
    rule(
        Reveal,
        0.5,
        0.6,
        "what|reveal|repeat|print|output|leak|dump|disclose|expose|recite +4 your +1 instructions|directives|programming",
    ),
    rule(
        Reveal,
        0.7,
        0.75,
        "@rules|@told|exactly +2 you +2 given|told|received|follow|following|instructed|programmed|configured",
    ),
    rule(
        Reveal,
        0.5,
        0.6,
        "you|i +2 told|instructed|given|programmed +3 before|to|by +4 conversation|chat|developers|session|start|creators",
    ),
    rule(Reveal, 0.55, 0.6, "my instructions are"),
    rule(
        Reveal,
        0.6,
        0.65,
        "what were|was|are you +2 told|instructed|given|programmed|configured",
    ),
    rule(
        Reveal,
        0.65,
        0.7,
        "repeat|output|print|copy|recite|show|translate|echo|write|display|return +4 text|words|everything|message|messages|content|conversation|sentences|paragraph +2 above|back|before|preceding|previous|verbatim|prior",
    ),
    rule(
        Reveal,
        0.6,
        0.65,
        "written|said|text|words|everything|anything|what +3 above|before|prior|preceding +2 this|the|our conversation|chat|message|session|line|dialogue",
    ),
    rule(Reveal, 0.55, 0.6, "begin*|start* +2 with +2 you are"),
    rule(
        Reveal,
        0.5,
        0.6,
        "word|verbatim|wortlich|wortwortlich|literally +3 word|for +4 conversation|instructions|prompt",
    ),
    rule(
        Reveal,
        0.55,
        0.6,
        "you +3 supposed|allowed|forbidden|permitted|prohibited +2 tell|say|reveal|share|discuss|disclose|talk",
    ),
    rule(Reveal, 0.6, 0.65, "@reveal|everything +6 context window"),
    rule(
        Reveal,
        0.55,
        0.6,
        "initialization|initialisation|init string|prompt|message|text|sequence",
    ),
    rule(
        Reveal,
        0.6,
        0.65,
        "@hidden @told +6 verbatim|json|base64|full|configuration|tags|word|pig|emoji|opposite",
    ),
    rule(
        Reveal,
        0.55,
        0.6,
        "@reveal +3 system|internal configuration|configurations|settings|message|messages|state",
    ),
    rule(
        Reveal,
        0.45,
        0.55,
        "@reveal +3 hidden|secret|internal|confidential|geheime|secretas +2 @told|@rules|data|daten|information|knowledge",
    ),
    rule(Exfiltrate, 0.65, 0.75, "@export +5 @crown"),
    rule(
        Exfiltrate,
        0.65,
        0.75,
        "@export +5 @private +2 @records +6 @crown|extern*|external|externally|adresse|attacker|me|http|https|webhook",
    ),
    rule(
        Exfiltrate,
        0.5,
        0.65,
        "@export +4 raw|full|entire|all|complete|whole +2 customer|customers|client|clients|user|users|order|kunden*|clientes|clienti +1 @records",
    ),
    rule(
        Exfiltrate,
        0.5,
        0.65,
        "@export +3 customer|client|user|users|kunden +1 database|emails|list|records|data|liste|passwords|daten",
    ),
    rule(
        Exfiltrate,
        0.55,
        0.65,
        "@export|@reveal +4 environment variables|secrets",
    ),
    rule(
        Exfiltrate,
        0.6,
        0.7,
        "leak|dump|exfiltrate|steal|expose|reveal +5 @records|@crown",
    ),
    rule(
        Exfiltrate,
        0.55,
        0.65,
        "@export|@reveal +4 api keys|key|tokens|token|secrets +3 to|of|from|you",
    ),
    rule(
        Exfiltrate,
        0.55,
        0.65,
        "reveal|show|give|grant|send|tell|list|display +4 private|admin|internal|hidden +1 admin|pages|password|access|passwords|records|data|documents|notes|credentials",
    ),
    rule(
        Exfiltrate,
        0.55,
        0.65,
        "grant +4 access|all|admin|permission|requests|privileges",
    ),
    rule(
        Exfiltrate,
        0.55,
        0.65,
        "user|i +1 is|am +2 admin|administrator|authorized|developer|owner +4 grant|allow|reveal|unlock|give|all",
    ),
    rule(
        Exfiltrate,
        0.6,
        0.7,
        "gib|gibst|verrate|zeige|sende|schicke +3 alle|internen|vertrauliche*|geheime* +2 daten|kundendaten|informationen|passworter +1 preis|heraus",
    ),
    rule(Exfiltrate, 0.6, 0.7, "gibst|gib +5 daten|informationen preis|heraus"),
    rule(
        Exfiltrate,
        0.6,
        0.7,
        "rassemble*|collecte*|envoie*|envia*|invia*|recopila*|raccogli*|envie +3 donnees|datos|dati|dados +2 clients|clientes|clienti|internes|privados",
    ),
    rule(
        Exfiltrate,
        0.4,
        0.7,
        "forward|send|email|post +6 externally|external|attacker|evil",
    ),
    rule(
        Encoded,
        0.75,
        0.85,
        "decode|decipher|decrypt|translate|read|convert|unscramble +5 @code +10 @obey",
    ),
    rule(
        Encoded,
        0.55,
        0.65,
        "@code +3 encode|decode|decoded +6 me|show|your|@told|output",
    ),
    rule(
        Encoded,
        0.6,
        0.65,
        "encode|translate|convert|encrypt|rot13|base64 +5 your|system|initial|the +2 @told|@hidden",
    ),
    rule(
        Encoded,
        0.5,
        0.65,
        "decode|read +4 @obey +2 exactly|what +1 it|instruction|instructions|says",
    ),
    rule(
        Encoded,
        0.5,
        0.6,
        "follow|execute|obey|run +2 instruction|instructions|command|it +1 inside|within|contained|hidden|below|encoded",
    ),
    rule(
        Encoded,
        0.55,
        0.65,
        "do|execute|follow exactly|precisely what|as it|the +1 says|instructs|states",
    ),
    rule(
        Posing,
        0.55,
        0.75,
        "end of +1 document|input|context|prompt|instructions|conversation|data|text|file|email +3 @new|system|ignore|now|admin",
    ),
    rule(
        Posing,
        0.5,
        0.7,
        "end of user|system|prompt|context|untrusted input|prompt|message|data|instructions|query|content",
    ),
    rule(
        Posing,
        0.5,
        0.65,
        "system|admin|developer|security|urgent|critical|important note|notice|update|override|alert|message|hinweis|instruction|command|directive +6 @you|@rules|@put|@reply",
    ),
    rule(Posing, 0.3, 0.6, "systemhinweis|systemmeldung|systemnote"),
    rule(
        Posing,
        0.3,
        0.6,
        "note|nota|notice systeme|sistema|system|di|del sistema|systeme",
    ),
    rule(
        Posing,
        0.55,
        0.65,
        "important|urgent|critical +1 system update|message|notice|alert|instruction",
    ),
    rule(
        Posing,
        0.45,
        0.65,
        "hereby|explicitly +1 instructed|authorized|ordered|granted|commanded",
    ),
    rule(
        Posing,
        0.5,
        0.65,
        "developer|system|operator|user +3 granted|given|grants +1 permission|authorization|access|consent",
    ),
    rule(
        Posing,
        0.5,
        0.65,
        "permission to +1 skip|bypass|ignore|override|disable|proceed|reveal",
    ),
    rule(
        Posing,
        0.4,
        0.6,
        "proceed without +1 asking|confirmation|confirming|approval|checking",
    ),
    rule(
        Smuggle,
        0.55,
        0.75,
        "note|message|notice|attention|instruction|instructions|important|reminder|hinweis|nota|memo|directive|for|an to|for|an|alle|a|pour|para|the|per +1 any|all|the|ai|alle|le|el|il|coding +1 @bot",
    ),
    rule(
        Smuggle,
        0.5,
        0.75,
        "to|for|an|pour|para|per|dear|hey any|all|the|alle ai|llm|ki|ia|language +1 @bot|system|systems|models",
    ),
    rule(
        Smuggle,
        0.5,
        0.75,
        "ai|llm|language|coding|automated +1 agents|agent|assistant|assistants|model|models|system|systems|bots|bot|crawlers +2 reading|processing|reviewing|integrating|summarizing|summarising|handling|that|must|should|who|are|analyzing",
    ),
    rule(
        Smuggle,
        0.3,
        0.75,
        "if you are|re +1 an|a +2 ai|llm|language|assistant|bot|model|chatbot",
    ),
    rule(
        Smuggle,
        0.5,
        0.65,
        "when|if|while|once|whenever|before|after you +2 process|read|summarize|summarise|answer|see|parse|respond|reply|handle|review +4 @export|@put|@call|@ignore|always|must",
    ),
    rule(
        Smuggle,
        0.25,
        0.4,
        "before|prior|when +1 you|to +1 answer|answering|reply|replying|respond|responding|processing +1 the|to|user|users|this",
    ),
    rule(Smuggle, 0.3, 0.65, "@put +12 @each|my @reply"),
    rule(
        Smuggle,
        0.25,
        0.45,
        "in|to|of|into|within|with @each|my +1 response|responses|reply|replies|summary|summaries|answer|output",
    ),
    rule(
        Smuggle,
        0.3,
        0.6,
        "in|within your|every|each|any|all +1 response|reply|answer|summary|replies|responses",
    ),
    rule(
        Smuggle,
        0.25,
        0.45,
        "your response|reply|answer|output|responses|replies|summary",
    ),
    rule(
        Smuggle,
        0.6,
        0.7,
        "@end +2 @each|of|der|de|di|van +2 @reply +8 @crown|token|code|codigo|codice|@put|dokument|document*",
    ),
    rule(Smuggle, 0.35, 0.65, "@end +3 @each @reply"),
    rule(
        Smuggle,
        0.4,
        0.65,
        "token|jeton|code|string|phrase|protokoll +8 @end|@put +4 @each @reply",
    ),
    rule(
        Smuggle,
        0.4,
        0.6,
        "exact|verification|reference|tracking|canary|secret|following +1 token|code|string|phrase|id|word +8 @reply|@put",
    ),
    rule(
        Smuggle,
        0.35,
        0.6,
        "@put|save|store|repeat +6 exact|verification|canary|tracking|secret|verbatim token|code|string|phrase|in",
    ),
    rule(
        Smuggle,
        0.4,
        0.6,
        "remember|save|store|persist|memorize|keep +6 memory|future|permanently|sessions|turns +8 always|every|all|must|included|repeat|append|each",
    ),
    rule(
        Smuggle,
        0.4,
        0.6,
        "save|store|write|add +4 to|in +1 your|long|longterm|persistent +2 memory",
    ),
    rule(Smuggle, 0.45, 0.65, "@call @act +1 @tool"),
    rule(
        Smuggle,
        0.4,
        0.65,
        "@call +2 tool|function|plugin|api|command +6 before|to|with|and",
    ),
    rule(
        Smuggle,
        0.35,
        0.6,
        "agents|assistant|ai|agent|bot +8 delete|empty|remove|wipe|forward|email|send|disable +4 directory|files|file|data|database|list|output|folder|all",
    ),
    rule(
        Smuggle,
        0.5,
        0.65,
        "must|always|required +2 include|append|add|repeat|output|insert +6 @reply|token|code",
    ),
    rule(
        Smuggle,
        0.5,
        0.65,
        "also|instead|secretly|silently|quietly|then +1 email|forward|send|exfiltrate|delete|upload|post +6 to|all|list|data|externally",
    ),
    rule(
        Smuggle,
        0.4,
        0.6,
        "not|never|without|don|t +1 tell|telling|mention|mentioning|reveal|inform|informing|notify|notifying +2 user|users|this|customer|anyone|them",
    ),
    rule(
        Smuggle,
        0.5,
        0.6,
        "say|print|output|write|respond|answer|reply +5 pwned|hacked|jailbroken|haha",
    ),
    rule(
        Smuggle,
        0.0,
        0.6,
        "write|compose|draft|provide|create|generate|develop +3 poem|essay|story|haiku|song|speech|limerick|joke|sonnet",
    ),
    rule(
        Smuggle,
        0.0,
        0.65,
        "translate +2 following|sentence|text|phrase +2 to|into|in|sentence",
    ),
    rule(
        Smuggle,
        0.0,
        0.6,
        "write|show|provide|generate +5 python|javascript|java|sql|php|rust function|code|script|program",
    ),
    rule(
        Smuggle,
        0.0,
        0.65,
        "replace|substitute|swap|rearrange|scramble|convert +3 letters|letter|vowels|vowel|consonants|words|characters +4 with|by|of|to|in|based",
    ),
    rule(Code, 0.6, 0.6, "drop table"),
    rule(Code, 0.6, 0.6, "union +1 select +6 from"),
    rule(Code, 0.5, 0.6, "or 1 1"),
    rule(Code, 0.5, 0.6, "select case when"),
    rule(Code, 0.6, 0.6, "insert into +4 values"),
    rule(
        Code,
        0.6,
        0.6,
        "javascript alert|prompt|confirm|javascript|window|document|new",
    ),
];

/// All patterns, in the order of [`RULES`].
pub(super) static PATTERNS: LazyLock<Patterns> =
    LazyLock::new(|| Patterns::new(CLASSES, RULES.iter().map(|rule| rule.pattern)));

/// Signs that stand in the text itself, lower-cased: markup of prompts, and of pages that carry a program.
pub(super) const SIGNS: &[(Trick, f64, &str)] = &[
    (Posing, 0.8, "<|im_start|>"),
    (Posing, 0.8, "<|im_end|>"),
    (Posing, 0.8, "<|system|>"),
    (Posing, 0.7, "<|endoftext|>"),
    (Posing, 0.7, "<|eot_id|>"),
    (Posing, 0.7, "<|start_header_id|>"),
    (Posing, 0.7, "[inst]"),
    (Posing, 0.7, "[/inst]"),
    (Posing, 0.7, "<<sys>>"),
    (Posing, 0.65, "[system]"),
    (Posing, 0.65, "[system "),
    (Posing, 0.65, "<system>"),
    (Posing, 0.65, "</system>"),
    (Posing, 0.6, "### system"),
    (Posing, 0.6, "###system"),
    (Posing, 0.6, "### instruction"),
    (Posing, 0.5, "### end of"),
    (Posing, 0.5, "</context>"),
    (Posing, 0.5, "</document>"),
    (Posing, 0.5, "</user>"),
    (Posing, 0.4, "<thinking>"),
    (Posing, 0.4, "<scratchpad>"),
    (Code, 0.7, "<script"),
    (Code, 0.7, "javascript:"),
    (Code, 0.6, "onerror="),
    (Code, 0.6, "onload="),
    (Code, 0.6, "onmouseleave="),
    (Code, 0.6, "onmouseover="),
    (Code, 0.6, "data:text/html"),
    (Code, 0.6, "alert(1)"),
    (Code, 0.6, "document.cookie"),
    (Code, 0.6, "' or 1=1"),
    (Code, 0.6, "' or '1'='1"),
    (Code, 0.6, "';shutdown"),
    (Code, 0.6, "/etc/passwd"),
    (Code, 0.5, "rm -rf"),
    (Code, 0.5, "exec("),
    (Code, 0.5, "sleep("),
];

/// Names with a colon that begin a line of somebody who poses as a part of the machine.
pub(super) const POSING_LINES: &[(&str, f64)] = &[
    ("system:", 0.45),
    ("assistant:", 0.5),
    ("developer:", 0.45),
    ("system message:", 0.6),
    ("system prompt:", 0.6),
    ("override:", 0.4),
    ("sistema:", 0.4),
];

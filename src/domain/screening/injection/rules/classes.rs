//! Concepts in many languages: the words that patterns call by one name.

/// Concepts; each list holds the forms that commands take, not every form of a word.
pub(super) const CLASSES: &[(&str, &str)] = &[
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

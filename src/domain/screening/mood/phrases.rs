//! Words of anger, distress and judgement, folded as texts are.

/// Classes of words for the patterns below.
pub(super) const CLASSES: &[(&str, &str)] = &[
    (
        "you",
        "you u your youre this these it service company support people guys shop staff sie ihr euer vous votre ustedes su siete vostro voces",
    ),
    ("self", "myself mich me mir moi mi me mim mezelf siebie kendimi"),
    ("die", "die end morir mourir morire morrer sterben sterven umrzec olmek"),
    (
        "swear",
        "fuck fucking fucked fuckers wtf shit shitty bullshit bitch bastard bastards asshole assholes arse damn damned dammit goddamn crap crappy \
         scheisse scheiss scheissladen verdammt verdammte arschloch merde putain connard connards mierda puta joder cabrones merda cazzo stronzi \
         stronzo vaffanculo porra caralho kut klote godverdomme kurwa cholera siktir lanet jebac блядь сука",
    ),
    (
        "insult",
        "idiot idiots idiotic moron morons stupid stupidity dumb incompetent incompetence useless pathetic clowns clown liars liar thieves crooks \
         scammer scammers fraudsters dummkopfe idioten inkompetent unfahig betruger lugner incapables incompetents voleurs escrocs idiotas \
         incompetentes ladrones estafadores incompetenti truffatori ladri incapaci idioti ladroes incompetente oplichters dieven idioot oszusci \
         zlodzieje dolandirici hirsiz aptal",
    ),
    (
        "outrage",
        "unacceptable outrageous outraged ridiculous disgusting disgusted disgraceful disgrace appalling appalled infuriating infuriated furious \
         enraged livid fuming pissed scandalous atrocious inexcusable shameful horrendous abysmal unbelievable \
         unverschamt* frechheit unzumutbar* inakzeptabel* emporend* wutend* stinksauer sauer sauladen skandal skandalos* unmoglich* unfassbar \
         schamlos* inadmissible inacceptable scandaleux scandaleuse honteux honte furieux furieuse revoltant intolerable lamentable \
         inaceptable verguenza vergonzoso indignante furioso furiosa indignado indignada vergogna vergognoso inaccettabile scandaloso \
         furibondo arrabbiato arrabbiata arrabbiatissimo inaceitavel absurdo vergonha vergonhoso indignada revoltado onacceptabel belachelijk \
         schandalig woedend schande skandal* wsciekl* niedopuszczaln* oburzajac* rezalet skandal kizgin* sinirli* ofkeli* kabul edilemez \
         возмутительно безобразие позор",
    ),
    (
        "worst",
        "worst terrible horrible awful dreadful garbage trash rubbish scam fraud ripoff lousy schlechteste schlechtester schlimmste katastrophe \
         betrug abzocke mull arnaque escroquerie pire catastrophe nul estafa peor pesimo basura truffa peggiore schifo pessimo golpe pior lixo \
         oplichting slechtste waardeloos oszustwo najgorsz* dramat berbat kotu dolandiricilik",
    ),
];

/// What sounds angry, with how sure it is.
pub(super) const ANGRY: &[(f64, &str)] = &[
    (0.55, "@swear"),
    (0.5, "@insult"),
    (0.6, "@outrage"),
    (0.6, "@you +4 @insult"),
    (
        0.55,
        "@worst +1 service|support|company|experience|ever|customer|shop|app|bank|firma|laden|service|entreprise|empresa|servicio|servizio|servico",
    ),
    (0.45, "@you +3 @worst"),
    (0.35, "scam|ripoff|abzocke|arnaque|estafa|truffa|oplichting|oszustwo"),
    (
        0.3,
        "angry|mad|upset|frustrated|frustrating|annoyed|annoying|fuming|irritated|wutend|verargert|genervt|sauer|enerve|enervee|fache|fachee|enojado|enojada|enfadado|enfadada|molesto|incazzato|stufo|stufa|irritado|irritada|boos|zly|zla|wkurzon*",
    ),
    (
        0.45,
        "i am|m|are|re|was +3 angry|mad|upset|frustrated|annoyed|irritated|disappointed",
    ),
    (0.6, "fed up"),
    (0.6, "sick|tired +3 of +4 @you|waiting|being|having|asking|calling"),
    (0.5, "waste of +1 time|money"),
    (0.5, "are you +1 kidding|serious|joking|stupid"),
    (0.5, "how dare"),
    (0.5, "what the hell|fuck"),
    (
        0.45,
        "never|ever +2 again|buying|shopping|order|using +3 @you|here|again",
    ),
    (0.3, "still no|not|waiting|haven|nothing"),
    (
        0.4,
        "third|fourth|fifth|3rd|4th|hundredth|last|umpteenth time +4 i|you|my|the",
    ),
    (
        0.45,
        "lawyer|sue|lawsuit|attorney|solicitor|anwalt|rechtsanwalt|verklage|avocat|plainte|abogado|demanda|denuncia|avvocato|denuncio|advogado|processar|procon|advocaat|prawnik*|avukat",
    ),
    (0.4, "demand|want|give +3 money|refund +1 back|now|immediately"),
    (
        0.45,
        "nobody|no one +2 answers|answered|replies|replied|cares|helps|helped|responds|responded|called",
    ),
    (0.4, "ignored|ignoring +3 me|my|us"),
    (0.55, "shame on"),
    (0.5, "go to hell"),
    (0.5, "hate +2 @you"),
    (0.5, "do your +1 job"),
    (0.5, "lied to|lying to"),
    (0.5, "you|u|company +2 stole|stolen|stealing|robbed +2 my|me|money"),
    (0.55, "ich habe|hab +1 genug|satt"),
    (0.5, "es reicht|nervt"),
    (0.5, "was soll der|das|dieser mist|scheiss|quatsch"),
    (0.5, "nie wieder"),
    (0.5, "j en ai +1 marre|assez"),
    (0.5, "ras le bol"),
    (0.5, "se moque|foutez|moquez +2 de"),
    (0.5, "estoy|estamos +1 harto|harta|hartos|indignado|indignada"),
    (0.5, "no puede ser|es el|la +1 colmo"),
    (0.5, "nunca mas"),
    (
        0.5,
        "sono|siamo +1 stufo|stufa|stufi|indignato|indignata|arrabbiato|furioso",
    ),
    (0.5, "mai piu"),
    (0.5, "estou +2 cansado|cansada|farto|farta|revoltado|furioso|furiosa"),
    (0.5, "ik ben +2 boos|woedend|klaar"),
    (0.5, "mam +1 dosc|dosyc"),
    (0.5, "yeter artik"),
    (0.35, "wo bleibt|bleiben +2 mein|meine"),
];

/// What somebody says to whom harm may be near.
pub(super) const DISTRESSED: &[&str] = &[
    "kill|hurt|harm|cut|cutting|killing|hurting|harming|hang|drown|shoot @self",
    "commit|committing|contemplating|considering suicide",
    "suicidal|selfharm",
    "suicide|suicidio|selbstmord|suizid|samobojstw*|intihar +4 think|thinking|now|me|ich|je|moi|plan|gedanken|pienso|penso|dusunuyorum",
    "i +1 thinking|thought|think +2 suicide",
    "want|wanna|going|ready +1 to|2 die",
    "wanna die",
    "want +1 to end +1 my|it life|all",
    "end|take|ending|taking my +1 own|life life",
    "end|ending my life",
    "don t|not +1 want +1 to live|exist",
    "can t|not|cannot +1 go on",
    "no reason to live",
    "better off|of dead",
    "being|was|am|been|he|she|husband|wife|father|mother|partner +2 abused|beaten|beats|threatened|raped|assaulted|stalked",
    "threatens|threatening|threatened +2 kill|hurt|me|us",
    "call|need|send +2 ambulance",
    "call the police",
    "need an|the ambulance",
    "on fire +6 help|hurt|burning|injured|smoke|son|child|house",
    "help +4 on fire",
    "bleeding|unconscious|overdose|overdosed|suffocating|electrocuted|poisoned",
    "not|stopped breathing",
    "heart attack",
    "ich|mich +3 umbringen|umbringe|ritzen|verletzen",
    "mir +2 das leben nehmen",
    "will|mochte nicht mehr leben|weiterleben",
    "ich +2 will|mochte +1 sterben",
    "brauche +2 hilfe|krankenwagen|notarzt +1 dringend|sofort|schnell",
    "me suicider|tuer",
    "veux|envie +2 mourir",
    "plus envie +1 de vivre",
    "quiero|voy +1 a|me morir|matarme|suicidarme|morirme",
    "suicidarme|matarme",
    "quiero morir|morirme",
    "no quiero +1 vivir",
    "voglio morire|uccidermi|ammazzarmi|suicidarmi",
    "uccidermi|suicidarmi|ammazzarmi",
    "quero morrer|suicidar",
    "me matar|suicidar",
    "wil +2 dood|sterven",
    "zelfmoord",
    "chce +1 umrzec|zabic",
    "zabic sie",
    "olmek istiyorum",
    "intihar",
    "хочу умереть",
];

/// Words that turn what follows.
pub(super) const NEGATIONS: &str = "not no never without hardly isn aren wasn don doesn t nicht kein keine nie ohne pas jamais sans aucun ni nunca sin non mai \
    senza nao sem niet geen nooit nie bez nigdy degil не";
/// Words that strengthen what follows.
pub(super) const STRONGER: &str = "very really so extremely absolutely totally sehr wirklich total absolut extrem vollig tres vraiment tellement absolument muy \
    realmente totalmente molto davvero veramente muito mesmo heel erg zeer bardzo naprawde cok gercekten очень";

/// Words that praise, other than English.
pub(super) const GOOD: &str = "gut gute guter gutes super toll tolle toller tolles klasse prima hervorragend hervorragende ausgezeichnet perfekt zufrieden \
    begeistert freundlich freundliche hilfreich liebe schnell danke dankeschon wunderbar wunderschon schon schone empfehlen empfehlenswert gerne \
    bien bon bonne excellent excellente parfait parfaite merci super genial geniale formidable magnifique content contente satisfait satisfaite \
    ravi ravie adore rapide sympathique bueno buena buenos excelente perfecto perfecta gracias genial fantastico fantastica encantado encantada \
    contento contenta satisfecho satisfecha rapido maravilloso maravillosa encanta recomiendo buono buona ottimo ottima eccellente perfetto perfetta \
    grazie fantastico meraviglioso meravigliosa bravissimi contento soddisfatto soddisfatta veloce gentile gentili consiglio bom boa otimo otima \
    excelente perfeito perfeita obrigado obrigada maravilhoso adorei satisfeito satisfeita rapido recomendo goed goede geweldig uitstekend perfect \
    bedankt dank fijn tevreden blij snel vriendelijk mooi aanrader dobry dobra dobrze swietny swietna swietnie doskonaly doskonale dziekuje polecam \
    zadowolony zadowolona wspanialy wspaniale szybko mily iyi guzel harika mukemmel tesekkurler tesekkur memnun super hizli хорошо отлично спасибо \
    прекрасно доволен";
/// Words that condemn, other than English.
pub(super) const BAD: &str = "schlecht schlechte schlechter schlechtes schlechteste schrecklich schreckliche furchtbar katastrophe katastrophal mies miese \
    miserabel enttauscht enttauschend enttauschung wutend sauer frechheit unverschamt unfreundlich unfreundliche nutzlos betrug abzocke hasse \
    arger argerlich mull scheisse schlimm schlimmste mauvais mauvaise horrible terrible nul nulle decu decue deception catastrophe catastrophique \
    inadmissible honteux arnaque furieux furieuse deteste pire colere malo mala malos pesimo pesima horrible terrible decepcionado decepcionada \
    decepcion desastre verguenza estafa odio peor basura fatal enojado enfadado cattivo cattiva pessimo pessima orribile terribile deluso delusa \
    delusione disastro vergogna truffa odio peggiore schifo arrabbiato male scadente ruim pessimo pessima horrivel terrivel decepcionado \
    decepcionada desastre vergonha golpe odeio pior lixo slecht slechte vreselijk verschrikkelijk teleurgesteld teleurstellend ramp schande \
    oplichting haat slechtste waardeloos boos zly zla zle okropny okropna okropnie straszny strasznie fatalny fatalnie rozczarowany rozczarowana \
    katastrofa skandal oszustwo nienawidze najgorszy kotu berbat korkunc rezalet kizgin dolandirici nefret igrenc плохо ужасно ужасный отвратительно";
/// Words that complain, other than English.
pub(super) const MILD: &str = "leider problem probleme kaputt defekt fehler verspatet falsch beschwerde reklamation nervt genervt langsam malheureusement \
    probleme casse cassee retard erreur plainte lent desgraciadamente lamentablemente problema problemas roto rota retraso queja lento purtroppo \
    rotto rotta ritardo errore reclamo lento infelizmente quebrado quebrada atraso erro reclamacao lento helaas probleem kapot vertraging fout \
    klacht traag niestety uszkodzony zepsuty blad opoznienie reklamacja wolno maalesef sorun bozuk gecikme hata sikayet yavas";

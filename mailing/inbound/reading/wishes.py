"""Wishes: the stems that a withdrawal, a rectification or a wish to leave is known by."""

Way = tuple[tuple[str, ...], ...]
"""One way to say it: for each place, the stems that may stand there."""

_DATA_KK = ("derek", "derekter", "malimet")
_DATA_RU = ("dannyh", "dannye", "dann", "pd", "pdn", "svedeni")
_PROCESSING_RU = ("obrabotk", "obrabatyv")
_CONSENT_RU = ("soglasi", "saglosi", "saglasi")
_ERASE_RU = (
    *("udalit", "udali", "sotrit", "steret", "unichtoj", "iskliuchi", "ubrat", "uberi", "udalen"),
    *("udolit", "uburat"),
)
_MINE_RU = ("moi", "svoi", "moih", "svoih", "moiu", "obo", "personaln", "lichn")
_ERASE_KK = ("joiu", "joyu", "jou", "joiy", "joinyz", "joinyzdar", "oshir")
_MINE_KK = ("derekterim", "malimetterim", "akparatym", "dannyilarym", "danniilarym")
_ERASE = ("delet", "eras", "destroy", "remov", "uipe", "purge")
_DATA = ("data", "info", "information", "details", "record")
_TAKE_BACK = ("withdraw", "revok", "revoc", "rescind", "retract")

WITHDRAWAL: tuple[Way, ...] = (
    (("kelisim",), ("kaitar", "kaityp", "keri")),
    (("kelisim", "soglasie"), ("bas",), ("tart",)),
    (("kelisim",), ("jaramsyz",)),
    (("soglasiem",), ("kaitar",)),
    ((*_DATA_KK,), ("onde", "ondeu"), ("toktat", "kelispei")),
    ((*_DATA_KK,), ("ruksat",), ("berme",)),
    (_MINE_KK, _ERASE_KK),
    ((*_MINE_KK, "meni"), ("baza",), ("tasta", "shygar", "oshir")),
    ((*_DATA_KK,), ("paidalan", "onde", "sakta"), ("tyiym",)),
    ((*_DATA_KK,), ("ondeme",)),
    (("menin", "men", "jeke", "derbes"), (*_DATA_KK, "akparat"), _ERASE_KK),
    (("otzyv", "otozv", "otozyv", "otzov", "otziv", "otzyvai"), _CONSENT_RU),
    (("otzyv", "otozv", "otozyv"), ("razreshen",), _DATA_RU),
    (("annulir", "otmenit", "otmeni", "zabira", "snimaiu"), _CONSENT_RU),
    (_CONSENT_RU, ("ne",), ("deistv",)),
    (("ne",), ("daiu", "dayu", "soglasen", "soglasna"), ("obrabotk",), _DATA_RU),
    (("prekrat", "prekrash", "protiv"), (*_PROCESSING_RU, "ispolz"), _DATA_RU),
    (("otkaz",), ("obrabotk",), _DATA_RU),
    (("zapresha", "zapreti"), (*_PROCESSING_RU, "ispolz", "hranit"), _MINE_RU, _DATA_RU),
    (("ne",), ("obrabatyvat", "obrabatyvai"), _MINE_RU, _DATA_RU),
    (("ne",), ("jelaiu", "hochu"), ("hranil", "ispolz", *_PROCESSING_RU), _DATA_RU),
    (_ERASE_RU, _MINE_RU, (*_DATA_RU, "informaci")),
    (("udali", "udalit"), ("akkaunt", "uchetn"), _DATA_RU),
    (_ERASE_RU, ("menia", "menya", "moi", "pocht", "nomer"), ("baz", "bazy")),
    (_TAKE_BACK, ("consent",)),
    (_TAKE_BACK, ("permission",), ("data", "information")),
    (("take", "taking", "cancel", "terminat"), ("my",), ("consent",)),
    (("no", "not", "dont"), ("longer", "anymor"), ("consent", "agre"), ("data", "information")),
    (("not", "dont", "never"), ("process", "processing", "use"), ("my",), _DATA),
    (("not", "dont", "no"), ("permission",), _DATA),
    (_ERASE, ("my",), _DATA),
    (_ERASE, ("personal", "everything", "all"), ("about", "on", "hold", "have"), ("me", "mine")),
    (("erasur", "deletion"), ("request", "right", "exercis"), ("my", "data", "gdpr", "erasur")),
    (_ERASE, ("me",), ("database", "system", "systems", "records")),
    (("stop", "cease"), ("processing", "using"), ("my", "personal"), ("data", "information")),
    (("stop", "cease"), ("processing",), ("data", "information")),
)
RECTIFICATION: tuple[Way, ...] = (
    (("ozektilen", "ozekten", "tuzet", "janart", "jangart", "ozger"), _DATA_KK),
    (
        ("aktualiz", "utochn", "ispravlen", "isprav", "izmenen", "izmenit", "obnov"),
        ("personaln", *_DATA_RU),
    ),
    (("rectif", "correct", "updat", "amend"), ("data", "details", "information")),
)
_MAIL_KK = ("hat", "hatty", "hattar", "habarlama", "jarnama", "rassylk")
_LIST_KK = ("jazylym", "tizim", "rassylk", "tarat")
_MAIL_RU = ("pism", "pisem", "rassyl", "reklam", "uvedoml", "soobshen", "spam")
_LIST_RU = ("rassylk", "rassylok", "rassyl", "podpisk", "podpiso", "podpischik")
_MAIL = (
    *("emails", "mails", "neusletter", "messages", "mailing", "emailing", "spam", "spamming"),
    *("marketing", "communicat", "promotion"),
)
UNSUBSCRIBE: tuple[Way, ...] = (
    (("otpis", "atpis", "otpishi"),),
    (("otkaz",), ("ot", "poluch"), _LIST_RU),
    (("ne",), ("prisylai", "prisylat", "shlite", "otpravliai", "bespokoit", "bespokoi")),
    (("ne",), ("pishit", "pisat"), ("mne", "bolshe", "nikogda")),
    (("ne",), ("hochu", "jelaiu"), ("poluchat", "videt", "bolshe"), _MAIL_RU),
    (("ne",), ("nujn", "nado", "interesn"), ("vash", "mne", "bolshe"), _MAIL_RU),
    (("ne",), ("nado", "nujn"), ("slat", "prisylat", "pisat"), ("mne", "bolshe")),
    (("otkliuchi",), _LIST_RU),
    (("neinteresn",), _MAIL_RU),
    (("prekrat", "perestan", "hvatit", "perestat", "ostanov"), ("prisylat", "slat", "pisat")),
    (("prekrat", "perestan", "hvatit", "ostanov"), _MAIL_RU),
    ((*_ERASE_RU, "snim", "sniat"), ("menia", "menya", "adres", "pocht", "email"), _LIST_RU),
    (("otmenit", "otmenu", "otmena", "otmeni", "annulir"), _LIST_RU),
    (("unsubscrib",),),
    (("unsub",), ("me",)),
    (("opt",), ("out",)),
    (("optout",),),
    (("remove", "take"), ("me",), ("list", "mailing", "off")),
    (("remov", "delet", "take"), ("my",), ("email", "address", "mail"), ("list", "mailing")),
    (("stop", "quit", "cease", "discontinu"), ("email", "contacting", *_MAIL)),
    (("removed",), ("i", "id", "my", "me"), ("list", "mailing")),
    (("take", "remov"), ("my",), ("name",), ("list", "mailing")),
    (("not", "dont"), ("want", "wish"), ("receive", "receiving", "get", "any", "your"), _MAIL),
    (("not", "dont", "never"), ("email", "contact", "write", "mail"), ("me",), ("again", "anymor")),
    (("no",), ("more",), (*_MAIL, "email")),
    (("cancel", "terminat"), ("subscription",)),
    (("jazylym", "habarlama", "tarat"), ("bas",), ("tart",)),
    (("jazylym", "habarlama", "tarat", "rassylk", "hattar"), ("toktat",)),
    (("magan", "maghan"), ("endi", "budan", "eshten", "eshkash"), ("jiberme",)),
    (("magan", "maghan"), _MAIL_KK, ("kelmesin",)),
    (_MAIL_KK, ("jiberme", "joldama")),
    (("magan", "maghan"), ("jazbanyz", "jazbandar")),
    (("meni", "menin", "poshta"), _LIST_KK, ("shygar", "alyp", "oshir")),
    (_LIST_KK[:1], ("shygar",)),
    (("hattar", "habarlama", "jarnama"), ("algym",), ("kelmei",)),
)

"""Words that say little about who somebody is: legal forms, articles, kinship, titles."""

LEGAL_FORMS = frozenset(
    "llc|llp|ltd|limited|ltda|limitada|gmbh|ooo|ood|eood|oy|ou|bv|sarl|srl|sro|doo|dooel|uab|sia|"
    "kft|aps|pte|pty|pvt|fze|fzco|fzc|wll|tov|too|mchj|sp zoo|private limited|"
    "limited liability company|limited liability partnership|"
    "gesellschaft mit beschrankter haftung|societe a responsabilite limitee|"
    "societatea cu raspundere limitata|sociedad de responsabilidad limitada|"
    "obshchestvo s ogranichennoy otvetstvennostyu|obshchestvo s ogranichennoi otvetstvennostyu|"
    "inc|corp|co|company|corporation|incorporated|plc|ag|sa|sas|se|nv|spa|as|asa|ab|oyj|kk|"
    "ao|oao|zao|pao|jsc|pjsc|ojsc|cjsc|ad|sad|aktiengesellschaft|"
    "joint stock|open joint stock|public joint stock|closed joint stock|"
    "joint stock company|public joint stock company|open joint stock company|"
    "closed joint stock company|public limited company|societe anonyme|sociedad anonima|"
    "aktsionernoe obshchestvo|"
    "lp|kg|kgaa|ohg|gbr|limited partnership|kommanditgesellschaft|fgup|gup|fgbu|ano|npo".split("|")
)
"""Legal forms, words and phrases as they are after transliteration."""

PHRASE_WORDS_MAX = max(len(form.split()) for form in LEGAL_FORMS)

FORM_WORD_MIN = 6
FORM_WORDS = tuple(
    sorted({w for form in LEGAL_FORMS for w in form.split() if len(w) >= FORM_WORD_MIN})
)
"""Words of legal forms that are long enough to be known with a slip in them."""

ARTICLES = frozenset("al el ul ur ud".split())
"""Arabic articles: written apart, with a hyphen, or joined to the next word, as one likes."""

KINSHIP = dict.fromkeys("bin ibn ben bint binti".split(), "bin")
"""Son or daughter of: one word for all of them."""

LITTLE = frozenset(
    "bin de da do dos das del della di du la le les van von der den ter ten y e "
    "und and of the for et zu na ould uulu oglu kyzy ogly".split()
)
"""Particles: they count for less than a name."""

TITLES = frozenset(
    "mr mrs ms miss dr prof professor sir dame haji hajji hadji haj alhaj mullah mulla maulavi "
    "mawlawi maulawi maulana mawlana sheikh shaikh sheik shaykh sayyid sayed sayyed qari hafiz "
    "ustad general gen colonel col major maj captain capt lieutenant lt senior jr sr".split()
)
"""They count for less than a name, and are the name where nothing else is there."""

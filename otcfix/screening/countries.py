"""Country names, as sanctions lists write them, to ISO 3166 alpha-2."""

from anyascii import anyascii

_ISO = """
AF Afghanistan|AX Aland Islands|AL Albania|DZ Algeria|AS American Samoa|AD Andorra|AO Angola
AI Anguilla|AQ Antarctica|AG Antigua and Barbuda|AR Argentina|AM Armenia|AW Aruba|AU Australia
AT Austria|AZ Azerbaijan|BS Bahamas|BH Bahrain|BD Bangladesh|BB Barbados|BY Belarus|BE Belgium
BZ Belize|BJ Benin|BM Bermuda|BT Bhutan|BO Bolivia|BQ Bonaire, Sint Eustatius and Saba
BA Bosnia and Herzegovina|BW Botswana|BV Bouvet Island|BR Brazil|IO British Indian Ocean Territory
BN Brunei Darussalam|BG Bulgaria|BF Burkina Faso|BI Burundi|CV Cabo Verde|KH Cambodia|CM Cameroon
CA Canada|KY Cayman Islands|CF Central African Republic|TD Chad|CL Chile|CN China
CX Christmas Island|CC Cocos (Keeling) Islands|CO Colombia|KM Comoros|CG Congo
CD Democratic Republic of the Congo|CK Cook Islands|CR Costa Rica|CI Cote d'Ivoire|HR Croatia
CU Cuba|CW Curacao|CY Cyprus|CZ Czechia|DK Denmark|DJ Djibouti|DM Dominica|DO Dominican Republic
EC Ecuador|EG Egypt|SV El Salvador|GQ Equatorial Guinea|ER Eritrea|EE Estonia|SZ Eswatini
ET Ethiopia|FK Falkland Islands|FO Faroe Islands|FJ Fiji|FI Finland|FR France|GF French Guiana
PF French Polynesia|TF French Southern Territories|GA Gabon|GM Gambia|GE Georgia|DE Germany
GH Ghana|GI Gibraltar|GR Greece|GL Greenland|GD Grenada|GP Guadeloupe|GU Guam|GT Guatemala
GG Guernsey|GN Guinea|GW Guinea-Bissau|GY Guyana|HT Haiti|HM Heard Island and McDonald Islands
VA Holy See|HN Honduras|HK Hong Kong|HU Hungary|IS Iceland|IN India|ID Indonesia|IR Iran|IQ Iraq
IE Ireland|IM Isle of Man|IL Israel|IT Italy|JM Jamaica|JP Japan|JE Jersey|JO Jordan|KZ Kazakhstan
KE Kenya|KI Kiribati|KP Democratic People's Republic of Korea|KR Republic of Korea|KW Kuwait
KG Kyrgyzstan|LA Lao People's Democratic Republic|LV Latvia|LB Lebanon|LS Lesotho|LR Liberia
LY Libya|LI Liechtenstein|LT Lithuania|LU Luxembourg|MO Macao|MG Madagascar|MW Malawi|MY Malaysia
MV Maldives|ML Mali|MT Malta|MH Marshall Islands|MQ Martinique|MR Mauritania|MU Mauritius
YT Mayotte|MX Mexico|FM Micronesia|MD Moldova|MC Monaco|MN Mongolia|ME Montenegro|MS Montserrat
MA Morocco|MZ Mozambique|MM Myanmar|NA Namibia|NR Nauru|NP Nepal|NL Netherlands|NC New Caledonia
NZ New Zealand|NI Nicaragua|NE Niger|NG Nigeria|NU Niue|NF Norfolk Island|MK North Macedonia
MP Northern Mariana Islands|NO Norway|OM Oman|PK Pakistan|PW Palau|PS Palestine|PA Panama
PG Papua New Guinea|PY Paraguay|PE Peru|PH Philippines|PN Pitcairn|PL Poland|PT Portugal
PR Puerto Rico|QA Qatar|RE Reunion|RO Romania|RU Russian Federation|RW Rwanda|BL Saint Barthelemy
SH Saint Helena|KN Saint Kitts and Nevis|LC Saint Lucia|MF Saint Martin|PM Saint Pierre and Miquelon
VC Saint Vincent and the Grenadines|WS Samoa|SM San Marino|ST Sao Tome and Principe
SA Saudi Arabia|SN Senegal|RS Serbia|SC Seychelles|SL Sierra Leone|SG Singapore|SX Sint Maarten
SK Slovakia|SI Slovenia|SB Solomon Islands|SO Somalia|ZA South Africa
GS South Georgia and the South Sandwich Islands|SS South Sudan|ES Spain|LK Sri Lanka|SD Sudan
SR Suriname|SJ Svalbard and Jan Mayen|SE Sweden|CH Switzerland|SY Syrian Arab Republic|TW Taiwan
TJ Tajikistan|TZ United Republic of Tanzania|TH Thailand|TL Timor-Leste|TG Togo|TK Tokelau|TO Tonga
TT Trinidad and Tobago|TN Tunisia|TR Turkiye|TM Turkmenistan|TC Turks and Caicos Islands|TV Tuvalu
UG Uganda|UA Ukraine|AE United Arab Emirates
GB United Kingdom of Great Britain and Northern Ireland|US United States of America
UM United States Minor Outlying Islands|UY Uruguay|UZ Uzbekistan|VU Vanuatu|VE Venezuela|VN Viet Nam
VG British Virgin Islands|VI United States Virgin Islands|WF Wallis and Futuna|EH Western Sahara
YE Yemen|ZM Zambia|ZW Zimbabwe|XK Kosovo
"""

_ALSO = """
BS Bahamas, The|BS The Bahamas|BO Bolivia, Plurinational State of
BO Bolivia (Plurinational State of)
BN Brunei|CV Cape Verde|CG Congo, Republic of the|CG Republic of the Congo|CG Congo (Brazzaville)
CD Congo, Democratic Republic of the|CD Congo (Democratic Republic)|CD DR Congo
CD Congo, The Democratic Republic of the|CI Ivory Coast|CZ Czech Republic|SZ Swaziland
FK Falkland Islands (Malvinas)|GM Gambia, The|GM The Gambia|VA Vatican City|VA Vatican
IR Iran (Islamic Republic of)|IR Iran, Islamic Republic of|IR Islamic Republic of Iran
KP Korea, North|KP North Korea|KP DPRK|KP Korea, Democratic People's Republic of
KP Korea (Democratic People's Republic of)|KP The Democratic People's Republic of Korea
KR Korea, South|KR South Korea|KR Korea, Republic of|LA Laos|LY Libyan Arab Jamahiriya|MO Macau
FM Micronesia (Federated States of)|MD Republic of Moldova|MD Moldova, Republic of|MM Burma
MM Burma (Myanmar)|MK Macedonia|MK The former Yugoslav Republic of Macedonia
MK Macedonia, The Former Yugoslav Republic of|MK North Macedonia, The Republic of
NL The Netherlands|PS State of Palestine|PS Palestinian|PS West Bank|PS Gaza
PS Palestinian Territories
PS Occupied Palestinian Territories|PS Palestinian Territory, Occupied|PS Region: Gaza
RU Russia|RU Soviet Union|RU former Soviet Union|RU USSR|RU Union of Soviet Socialist Republics
SY Syria|TW Taiwan (Province of China)|TW Taiwan, Province of China|TZ Tanzania
TZ Tanzania, United Republic of|TL East Timor|TR Turkey|GB United Kingdom|GB UK|GB Great Britain
GB England|GB Scotland|GB Wales|GB Northern Ireland|US United States|US USA|US U.S.A.
VE Venezuela (Bolivarian Republic of)|VE Venezuela, Bolivarian Republic of|VN Vietnam
VG Virgin Islands, British|VI Virgin Islands, U.S.|UA Region: Crimea|UA Crimea
UA Crimea, Ukraine|YE Republic of Yemen|KG Kyrgyz Republic|SK Slovak Republic|HK Hong Kong, China
HK Hong Kong SAR|AE UAE|CN People's Republic of China|CN PRC|RS Serbia and Montenegro|CD Zaire
IE Republic of Ireland|XK Republic of Kosovo|AF Islamic Republic of Afghanistan
AG Antigua & Barbuda|BA Bosnia-Herzegovina|BA Bosnia|CD DRC|PS Gaza Strip|KM Comoros Islands
KN St Kitts and Nevis|LC St Lucia|VC St Vincent and the Grenadines
BA Bosnia & Herzegovina|TT Trinidad & Tobago|ST Sao Tome & Principe
"""


def _plain(name: str) -> str:
    letters = anyascii(name) if not name.isascii() else name
    return " ".join(letters.replace(".", "").casefold().split())


_CODES = {
    _plain(name): code
    for table in (_ISO, _ALSO)
    for line in table.replace("\n", "|").split("|")
    if line
    for code, _, name in [line.partition(" ")]
}
_ALPHA2 = frozenset(_CODES.values())


def country_code(name: str) -> str:
    """`Korea, North` -> KP; a code of two letters stays itself. Empty for what is no country."""
    name = name.strip()
    if len(name) == 2 and name.upper() in _ALPHA2:
        return name.upper()
    plain = _plain(name)
    return _CODES.get(plain) or _CODES.get(plain.removeprefix("the "), "")

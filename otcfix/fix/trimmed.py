"""Messages of which our dictionaries keep some fields only.

An enquiry keeps what is read of it and what order systems add to it, an answer what is said in it:
whole, these messages would double what a session costs. Components are dissolved before.
"""

_SYMBOL = "55 65 48 22 167 107 207 460 461"
_PARTY = "453 448 447 452"
ONLY = {
    "c": f"320 321 {_SYMBOL} 15 58 336 625 263",
    "x": f"320 559 {_SYMBOL} 15 58 336 625 263",
    "g": "335 336 625 338 339 263 1300 1301",
    "AD": f"568 569 263 571 17 150 37 11 {_PARTY} {_SYMBOL} 580 75 60 54 442 573 828 58 725 726",
    "AN": f"710 724 263 {_PARTY} 1 660 581 {_SYMBOL} 15 715 60 58 725 726",
    "BB": f"909 938 896 263 {_PARTY} 1 581 11 37 198 526 124 17 897 {_SYMBOL} 15 58 725 726",
    "BE": "923 924 553 554 925 95 96",
    "d": "320 322 323 393 55 231 969 15 561 562 58",
    "y": "320 322 560 393 893 146 55 231 969 15 561 562 1140 58",
    "h": "335 336 1300 55 340 325 567 342 344 58",
    "AQ": "568 569 263 748 749 750 55 58",
    "AE": f"571 572 1003 487 856 568 150 748 912 325 17 570 55 32 31 15 381 120 75 60 64 552 54 37"
    f" 11 {_PARTY} 1 12 13 479 119 1072",
    "AO": f"721 710 727 728 729 {_PARTY} 1 581 58",
    "AP": f"721 710 724 727 728 715 {_PARTY} 1 581 55 15 730 731 734 702 703 704 705 706 753 707"
    " 708",
    "BG": f"909 945 946 911 {_PARTY} 1 581 58",
    "BA": f"908 909 910 911 912 {_PARTY} 1 581 15 899 900 901 58",
    "BF": "923 553 926 927",
}
"""MsgType(35) to the tags that are kept, in groups too."""

"""Chart of accounts, posting rules and holds. Pure: amounts in, transfers out."""

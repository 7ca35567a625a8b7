"""Calendars, value dates and obligations. Pure: dates and instants in, dates out."""

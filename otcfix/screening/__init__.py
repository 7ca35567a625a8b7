"""Sanctions screening: loaders of published lists, an immutable index, and how alike two names are.

World, not decision: what it finds becomes a ScreeningVerdicts event, and the gate reads that.
"""

"""Showing results: tables, pages, contact sheets, drawings."""

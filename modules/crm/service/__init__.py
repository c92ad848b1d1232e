"""Surveys and tickets."""

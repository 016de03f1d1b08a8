"""Carries out a plan: journal, perform, members, verification. Talks to the world through ports."""

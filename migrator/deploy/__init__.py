"""Deploys: backed up, rehearsed, applied, verified, or put back."""

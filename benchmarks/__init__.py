"""Speed and quality of sklearn-m3l, measured; never imported by the package."""

"""The ladder of models: what matching left open is grouped, asked on contact sheets, and judged sceptically."""

"""What things cost, as ratios taken in one run: machines differ and are noisy, ratios less so."""

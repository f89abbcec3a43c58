"""shadowgate decides, by measurement, whether a PostGIS migration may go to production."""

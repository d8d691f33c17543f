"""The pages: Flask application, views, templates and front-end sources."""

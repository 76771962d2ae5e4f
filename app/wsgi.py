"""The service as a WSGI server finds it: `gunicorn app.wsgi:api`."""

from app.factory import create_api
from app.settings import read

api = create_api(read())

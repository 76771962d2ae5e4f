"""The dashboard: pages that show what the API says, and forms that ask it.

- A page is a Falcon resource that derives from `Page`, named in `routes`. It reads everything
  through `self.api.get(request, path, **query)`, which asks the API itself within this process, as
  the person who is signed in: what a page shows, the API tells, and no page shows more to a key.
- A page changes nothing. Its forms carry `data-api="POST /v1/..."`; static/forms.js sends them to
  the API, shows refusals beside the form, then follows `data-then` or reads `data-refresh` anew.
- Templates extend base.html. Jinja escapes every value; no template says `safe`.
- Charts are described by Altair in charts/ and drawn by static/charts.js: `{{ chart(spec) }}`.
"""

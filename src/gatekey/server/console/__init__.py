"""
The console: where a person finds their clusters, creates API clients and sees why an address is limited.

Owns pages, forms and what guards them: sessions in cookies, forged forms, headers. Refuses to decide anything about
clients, clusters or people (their contexts do) and to keep a secret: it is in one answer and in no other place. Serves
people in browsers, with or without JavaScript. One file per thing a person does; `routes` lists them all.
"""

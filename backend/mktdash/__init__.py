"""mktdash: a self-hosted market-data dashboard whose numbers can be trusted.

Data flows down one way; a module imports only from the lines below its own:

    cli                              the command line
    app | worker | feed | up         the processes, and the one that starts them all
    processes                        children, their log, the home folder
    resources                        engines and connections, opened once and closed once
    graphql | http | jobs            what people and programs ask; the report queue
    reports | live                   documents from snapshots; resumable events
    ingest | quality | security      raw bytes to observations; verdicts on datasets; who may do what
    store | providers | contracts
    domain                           frozen types, no I/O

``settings`` is read by ``resources`` and the entry points only.
"""

__version__ = "0.1.0"

"""
The demo cluster: Zeebe's protocol over a small engine of our own, for trying and for tests. It is not Camunda.

Owns reading BPMN models, running them in memory, and answering official clients over gRPC and REST as a cluster would.
Refuses models it cannot run, addresses other than loopback, and to keep anything: what it knows ends with its process.
Serves people who have no Camunda at hand, and the tests of everything in front of an upstream.
"""

"""Installs and operates the platform with kubectl and helm: the verbs behind `make up` and its siblings."""

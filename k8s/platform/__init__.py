"""Installs the platform with kubectl and helm: the verbs behind `make up` and its sisters, one module each."""

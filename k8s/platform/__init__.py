"""The former name of k8s.installer; `python -m k8s.platform` works for one more version."""

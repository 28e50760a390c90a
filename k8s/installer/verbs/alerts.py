"""`make alerts`: each rule as Prometheus evaluates it right now, with state, value and runbook."""

from __future__ import annotations

from k8s.installer import console, paths
from k8s.installer.cluster import contexts, prometheus

MARKS = {"firing": "✗", "pending": "…", "broken": "!", "inactive": "✓"}


def alerts(cluster_option: str) -> None:
    """Print every alerting rule, firing ones first, and each recording rule that cannot be evaluated."""
    answer = prometheus.rules(contexts.installed(cluster_option))
    rules = prometheus.alerting(answer)
    folder = paths.RUNBOOKS.relative_to(paths.ROOT).as_posix()
    console.say(f"  {'state':<9} {'alert':<34} {'severity':<9} {'value':>10}  runbook")
    for rule in rules:
        mark, state = MARKS[rule.state], "ok" if rule.state == "inactive" else rule.state
        value = rule.alerts[0].value if rule.alerts else "–"
        console.say(f"{mark} {state:<9} {rule.name:<34} {rule.severity:<9} {value:>10}  {folder}/{rule.name}.md")
        for alert in rule.alerts:
            about = f" ({alert.about})" if alert.about else ""
            console.say(f"    {alert.state} at {alert.value}: {alert.summary}{about}")
        if rule.error:
            console.say(f"    cannot be evaluated: {rule.error}")
    for name, error in prometheus.broken_records(answer):
        console.say(f"! broken    {name}: {error}")
    firing = sum(rule.state == "firing" for rule in rules)
    console.say(f"\n{len(rules)} alerts, {firing} firing. Next: read the runbook · make ui (Grafana shows the history)")

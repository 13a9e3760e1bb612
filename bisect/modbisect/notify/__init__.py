"""Telling people and programs elsewhere: Slack, Teams, mail, PagerDuty, webhooks by Apprise, annotations in Grafana."""

from modbisect.notify.places import Place, place
from modbisect.notify.sending import send, unready
from modbisect.notify.values import Level, Notice, NotSent, of_checks, of_run

__all__ = ["Level", "NotSent", "Notice", "Place", "of_checks", "of_run", "place", "send", "unready"]

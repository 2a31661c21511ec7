// Package slack is the action that posts a message to Slack, by bot token or
// by incoming webhook.
//
// Values from events are escaped: they cannot mention, link, format or reorder
// text in a message. See Escape.
package slack

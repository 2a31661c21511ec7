// Package slack is the action that posts a message to Slack, by bot token or
// by incoming webhook.
//
// Values from events are made harmless before they are put into a message:
// nobody outside can mention, link, format or reorder text in it. See Escape.
package slack

// Package browser looks at the console of the real binary with a real browser:
// every page, the buttons, the live parts, and whether everybody can use them.
// It also takes the pictures of the documentation.
package browser

// Package vault opens databases. An open database encrypts personal data on
// its way in and decrypts it on its way out. The engine may use it through a
// layer that traces; people see it through package privacy.
//
//	database ◄─── sealed ◄─┬─ traced ◄──────── engine
//	                       └─ privacy.Shown ◄─ console, API, command line
package vault

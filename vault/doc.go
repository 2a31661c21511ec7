// Package vault opens databases. An opened database encrypts what tells about
// people on its way in and decrypts it on its way out, and can be wrapped once
// more: to show it to people, or to trace it.
//
//	database ◄─── sealed ◄─┬─ traced ◄── engine
//	                       └─ shown ◄─── console, API, command line
package vault

// Package vault opens databases. An opened database encrypts what tells about
// people on its way in and decrypts it on its way out. The engine may see it
// traced; people see it through the gate of package privacy.
//
//	database ◄─── sealed ◄─┬─ traced ◄──────── engine
//	                       └─ privacy.Shown ◄─ console, API, command line
package vault

#!/bin/sh
# Stands in for an API, one process a request: writes the body of each request
# into a file and answers with 200. As an API should, it does what has the same
# Idempotency-Key only once.
length=0 key=none
while IFS= read -r line; do
	line=$(printf %s "$line" | tr -d '\r')
	case $line in
	[Cc]ontent-[Ll]ength:*) length=${line#*:} ;;
	[Ii]dempotency-[Kk]ey:*) key=$(printf %s "${line#*: }" | tr -c '[:alnum:]-' _) ;;
	'') break ;;
	esac
done
body=$(head -c "$((length))")
mkdir -p /ship/keys
! mkdir "/ship/keys/$key" 2>/dev/null || printf '%s\n' "$body" >>/ship/received
printf 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}'

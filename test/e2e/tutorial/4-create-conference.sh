curl -k --location --request POST 'https://api.voipbin.net/v1.0/conferences?token=<YOUR_AUTH_TOKEN>' \
--data-raw '{
"type": "conference",
"name": "test conference",
"detail": "test conference for example"
}'

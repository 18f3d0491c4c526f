// Takes what the platform tells, and verifies it (Standard Webhooks).
// Needs nothing but Go 1.19: CHAPPE_WEBHOOK_SECRET=whsec_… PORT=8090 go run webhook.go
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	toleranceS    = 300
	bodyOctetsMax = 1 << 20
)

func isSigned(key []byte, header http.Header, body []byte) bool {
	stamp, err := strconv.ParseInt(header.Get("webhook-timestamp"), 10, 64)
	if err != nil || math.Abs(float64(time.Now().Unix()-stamp)) > toleranceS {
		return false
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%d.%s", header.Get("webhook-id"), stamp, body)
	expected := []byte("v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	// While a secret is being replaced there are two signatures.
	for _, one := range strings.Fields(header.Get("webhook-signature")) {
		if hmac.Equal(expected, []byte(one)) {
			return true
		}
	}
	return false
}

func main() {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(os.Getenv("CHAPPE_WEBHOOK_SECRET"), "whsec_"))
	if err != nil || len(key) == 0 {
		log.Fatal("CHAPPE_WEBHOOK_SECRET must be whsec_ and base64")
	}
	var known sync.Map // In your programme: a table, kept for some days.
	http.HandleFunc("/", func(writer http.ResponseWriter, request *http.Request) {
		// The body as it came: parsed and written again it has another signature.
		body, err := io.ReadAll(http.MaxBytesReader(writer, request.Body, bodyOctetsMax))
		if err != nil || !isSigned(key, request.Header, body) {
			writer.WriteHeader(http.StatusUnauthorized)
			return
		}
		// Any 2xx within 15 seconds means that you have it. Without one it is told again.
		writer.WriteHeader(http.StatusNoContent)
		if _, isKnown := known.LoadOrStore(request.Header.Get("webhook-id"), true); isKnown {
			return
		}
		var event struct {
			Type string
			Data struct {
				ID, From, Text  string
				ClientReference string `json:"client_reference"`
			}
		}
		if json.Unmarshal(body, &event) != nil {
			return
		}
		if event.Type == "inbound.received" {
			fmt.Printf("%s wrote: %s\n", event.Data.From, event.Data.Text)
			return
		}
		// message.delivered is the receipt of a phone; client_reference is yours.
		fmt.Println(event.Type, event.Data.ID, event.Data.ClientReference)
	})
	port := os.Getenv("PORT")
	if port == "" {
		port = "8090"
	}
	log.Fatal(http.ListenAndServe(":"+port, nil))
}

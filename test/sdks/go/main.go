// The clerk of the SDK tests with the original Go SDK: prints its port and serves until it is killed.
package main

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/apache/flink-statefun/statefun-sdk-go/v3/pkg/statefun"
)

type Order struct {
	Do     string `json:"do"`
	Amount int64  `json:"amount,omitempty"`
	Text   string `json:"text,omitempty"`
	To     string `json:"to,omitempty"`
	After  int64  `json:"after,omitempty"`
	Token  string `json:"token,omitempty"`
}

var (
	clerkType = statefun.TypeNameFrom("sdk/clerk")
	outType   = statefun.TypeNameFrom("sdk/out")
	orderType = statefun.MakeJsonType(statefun.TypeNameFrom("sdk/order"))

	count    = statefun.ValueSpec{Name: "count", ValueType: statefun.Int32Type}
	total    = statefun.ValueSpec{Name: "total", ValueType: statefun.Int64Type, Expiration: statefun.ExpireAfterCall(time.Hour)}
	mean     = statefun.ValueSpec{Name: "mean", ValueType: statefun.Float64Type, Expiration: statefun.ExpireAfterWrite(time.Hour)}
	rate     = statefun.ValueSpec{Name: "rate", ValueType: statefun.Float32Type}
	name     = statefun.ValueSpec{Name: "name", ValueType: statefun.StringType}
	open     = statefun.ValueSpec{Name: "open", ValueType: statefun.BoolType}
	last     = statefun.ValueSpec{Name: "last", ValueType: orderType}
	fleeting = statefun.ValueSpec{Name: "fleeting", ValueType: statefun.Int32Type, Expiration: statefun.ExpireAfterWrite(10 * time.Minute)}
	kept     = statefun.ValueSpec{Name: "kept", ValueType: statefun.Int32Type, Expiration: statefun.ExpireAfterCall(10 * time.Minute)}

	failed sync.Map
)

// The context of one message with what the clerk does often.
type clerk struct{ statefun.Context }

func (c clerk) say(format string, values ...any) {
	id := c.Self().Id
	c.SendEgress(statefun.KafkaEgressBuilder{
		Target: outType, Topic: "answers", Key: id, Value: id + ": " + fmt.Sprintf(format, values...),
	})
}

func (c clerk) from() string {
	if c.Caller() == nil {
		return "ingress"
	}
	return c.Caller().Id
}

func (c clerk) shown(spec statefun.ValueSpec, receiver any) string {
	if !c.Storage().Get(spec, receiver) {
		return "-"
	}
	switch value := receiver.(type) {
	case *int32:
		return fmt.Sprint(*value)
	case *int64:
		return fmt.Sprint(*value)
	case *float32:
		return fmt.Sprint(math.Round(float64(*value) * 100))
	case *float64:
		return fmt.Sprint(math.Round(*value * 100))
	case *string:
		return *value
	case *bool:
		return fmt.Sprint(*value)
	case *Order:
		return fmt.Sprint(value.Amount)
	}
	panic("a receiver of another type")
}

func toClerk(id string, order Order) statefun.MessageBuilder {
	target := statefun.Address{FunctionType: clerkType, Id: id}
	return statefun.MessageBuilder{Target: target, Value: order, ValueType: orderType}
}

func invoke(ctx statefun.Context, message statefun.Message) error {
	c := clerk{ctx}
	if message.IsString() {
		text := message.AsString()
		if strings.HasPrefix(text, "hello") {
			c.Send(statefun.MessageBuilder{Target: *c.Caller(), Value: "re: " + text})
		} else {
			c.say("got %q by %s", text, c.from())
		}
		return nil
	}
	var order Order
	if err := message.As(orderType, &order); err != nil {
		return err
	}
	return c.obey(order)
}

func (c clerk) obey(order Order) error {
	storage, id := c.Storage(), c.Self().Id
	switch order.Do {
	case "add":
		c.add(order)
	case "report":
		var counted int32
		var sum int64
		var average float64
		var rating float32
		var text string
		var isOpen bool
		var latest Order
		c.say("count %s, total %s, mean %s, rate %s, name %s, open %s, last %s, from %s",
			c.shown(count, &counted), c.shown(total, &sum), c.shown(mean, &average), c.shown(rate, &rating),
			c.shown(name, &text), c.shown(open, &isOpen), c.shown(last, &latest), c.from())
	case "forget":
		for _, spec := range []statefun.ValueSpec{count, total, mean, rate, name, open, last} {
			storage.Remove(spec)
		}
	case "greet":
		target := statefun.Address{FunctionType: clerkType, Id: order.To}
		c.Send(statefun.MessageBuilder{Target: target, Value: "hello from " + id})
	case "loop":
		if order.Amount > 0 {
			c.Send(toClerk(id, Order{Do: "loop", Amount: order.Amount - 1}))
		} else {
			c.say("looped")
		}
	case "remind":
		to := order.To
		if to == "" {
			to = id
		}
		later, delay := toClerk(to, Order{Do: "say", Text: order.Text}), time.Duration(order.After)*time.Millisecond
		if order.Token == "" {
			c.SendAfter(delay, later)
		} else {
			token, err := statefun.NewCancellationToken(order.Token)
			if err != nil {
				return err
			}
			c.SendAfterWithCancellationToken(delay, token, later)
		}
	case "cancel":
		token, err := statefun.NewCancellationToken(order.Token)
		if err != nil {
			return err
		}
		c.CancelDelayedMessage(token)
	case "say":
		c.say("%s, by %s", order.Text, c.from())
	case "fleet":
		storage.Set(fleeting, int32(1))
		storage.Set(kept, int32(1))
		for _, minutes := range []int64{5, 12, 25} {
			c.SendAfter(time.Duration(minutes)*time.Minute, toClerk(id, Order{Do: "check", Amount: minutes}))
		}
	case "check":
		var a, b int32
		c.say("after %d minutes fleeting %s, kept %s", order.Amount, c.shown(fleeting, &a), c.shown(kept, &b))
	case "note":
		c.SendEgress(statefun.KafkaEgressBuilder{Target: outType, Topic: "notes", Value: order, ValueType: orderType})
	case "fail":
		if _, before := failed.LoadOrStore(id, true); !before {
			return errors.New("told to fail once")
		}
		c.say("recovered")
	}
	return nil
}

func (c clerk) add(order Order) {
	storage := c.Storage()
	var counted int32
	var sum int64
	var isOpen bool
	storage.Get(count, &counted)
	storage.Get(total, &sum)
	storage.Get(open, &isOpen)
	counted++
	sum += order.Amount
	storage.Set(count, counted)
	storage.Set(total, sum)
	storage.Set(mean, float64(sum)/float64(counted))
	storage.Set(rate, float32(counted)*0.5)
	storage.Set(name, order.Text)
	storage.Set(open, !isOpen)
	storage.Set(last, order)
}

func main() {
	builder := statefun.StatefulFunctionsBuilder()
	err := builder.WithSpec(statefun.StatefulFunctionSpec{
		FunctionType: clerkType,
		States:       []statefun.ValueSpec{count, total, mean, rate, name, open, last, fleeting, kept},
		Function:     statefun.StatefulFunctionPointer(invoke),
	})
	if err != nil {
		panic(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Printf("listening on %d\n", listener.Addr().(*net.TCPAddr).Port)
	http.Handle("/statefun", builder.AsHandler())
	panic(http.Serve(listener, nil))
}

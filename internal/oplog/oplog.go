// Package oplog sets up the log: one line for each event, made for grep and for a person at night.
//
// Every line has time (UTC, RFC 3339), level and msg; the fields op, seq and step tell which verb,
// which settings and which step it belongs to. A secret that was given to the Redactor appears in
// no line.
package oplog

import (
	"fmt"
	"io"
	"reflect"
	"time"

	"github.com/sirupsen/logrus"
)

// The names of the fields that lines share.
const (
	FieldOp   = "op"   // the verb: "enable"
	FieldSeq  = "seq"  // the sequence number of the settings
	FieldStep = "step" // the step in hand, in words
	FieldTook = "took" // how long a step took, as time.Duration prints it
)

// timeFormat has a fixed width, so that lines stay in columns and sort as text.
const timeFormat = "2006-01-02T15:04:05.000Z07:00"

// New gives a logger that writes lines of key=value pairs to out, without what redactor knows; nil
// is a Redactor that knows nothing. Debug lines are written only if verbose.
func New(out io.Writer, redactor *Redactor, verbose bool) *logrus.Logger {
	logger := logrus.New()
	logger.SetOutput(out)
	logger.SetFormatter(&logrus.TextFormatter{
		DisableColors:   true,
		FullTimestamp:   true,
		TimestampFormat: timeFormat,
	})
	if verbose {
		logger.SetLevel(logrus.DebugLevel)
	}
	logger.AddHook(hook{redactor})
	return logger
}

// hook redacts each line and puts its time into UTC. It runs before the line is formatted, because
// the formatter's quoting would hide a secret that has a quote or a line break in it.
type hook struct{ redactor *Redactor }

func (hook) Levels() []logrus.Level { return logrus.AllLevels }

func (h hook) Fire(entry *logrus.Entry) error {
	entry.Time = entry.Time.UTC()
	entry.Message = h.redactor.Redact(entry.Message)
	for key, value := range entry.Data {
		text := printed(value)
		if redacted := h.redactor.Redact(text); redacted != text {
			entry.Data[key] = redacted
		}
	}
	return nil
}

// printed is the text that the formatter would make of a value, but bytes are taken as text, in
// which a secret can be found, and not as a list of numbers.
func printed(value any) string {
	v := reflect.ValueOf(value)
	if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 {
		return string(v.Bytes())
	}
	return fmt.Sprint(value)
}

// Step runs f and writes a line when it starts and a line when it ends, with the time it took and,
// if it failed, the error. It gives f's error as it is.
func Step(log *logrus.Entry, name string, f func() error) error {
	log = log.WithField(FieldStep, name)
	log.Info("started")
	start := time.Now()
	err := f()
	log = log.WithField(FieldTook, time.Since(start).Round(time.Millisecond).String())
	if err != nil {
		log.WithError(err).Error("failed")
		return err
	}
	log.Info("done")
	return nil
}

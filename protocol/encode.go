package protocol

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"
)

// Encode turns a Go value into Data. nil becomes nil, undefined. Data and
// json.RawMessage stay as they are once they are checked, as ParseData does; a
// Binary becomes {"base64":true,"data":…}. Everything else is written by
// encoding/json, with <, > and & as they are. The error is encoding/json's, or
// an InvalidArgumentsError for bad raw JSON.
func Encode(v any) (Data, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case Data:
		return encodeRaw(v)
	case json.RawMessage:
		return encodeRaw(v)
	case string:
		return AppendString(make([]byte, 0, len(v)+2), v), nil
	case bool:
		return strconv.AppendBool(nil, v), nil
	case int:
		return strconv.AppendInt(nil, int64(v), 10), nil
	case CloseCode:
		return strconv.AppendInt(nil, int64(v), 10), nil
	case float64:
		return AppendNumber(nil, v), nil
	case Binary:
		return v.MarshalJSON()
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	text := buf.Bytes()
	return text[: len(text)-1 : len(text)-1], nil // without the newline
}

func encodeRaw(text []byte) (Data, error) {
	if text == nil {
		return nil, nil
	}
	return ParseData(text)
}

// encodeField encodes the value of an error's field.
func encodeField(v any) (Data, error) {
	if t, ok := v.(time.Time); ok {
		return t.UTC().AppendFormat(nil, `"2006-01-02T15:04:05.000Z"`), nil
	}
	return Encode(v)
}

// appendMember appends ,"key":value, or nothing for undefined. The key needs no
// escapes.
func appendMember(dst []byte, key string, value Data) []byte {
	if value == nil {
		return dst
	}
	dst = append(dst, ',', '"')
	dst = append(dst, key...)
	dst = append(dst, '"', ':')
	return append(dst, value...)
}

// AppendTransmit appends {"event":event,"data":data}, without data if it is nil.
func AppendTransmit(dst []byte, event string, data Data) []byte {
	dst = append(dst, `{"event":`...)
	dst = AppendString(dst, event)
	dst = appendMember(dst, "data", data)
	return append(dst, '}')
}

// AppendInvoke appends {"event":event,"cid":id,"data":data}, without data if it
// is nil.
func AppendInvoke(dst []byte, event string, id CallID, data Data) []byte {
	dst = append(dst, `{"event":`...)
	dst = AppendString(dst, event)
	dst = append(dst, `,"cid":`...)
	dst = id.AppendJSON(dst)
	dst = appendMember(dst, "data", data)
	return append(dst, '}')
}

// AppendReply appends {"rid":id,"data":data}, without data if it is nil.
func AppendReply(dst []byte, id CallID, data Data) []byte {
	dst = AppendReplyHead(dst, id, data)
	dst = append(dst, data...)
	return append(dst, '}')
}

// AppendReplyHead appends what stands before the data in a reply, for those who
// have room for that elsewhere. The data and a } come behind it.
func AppendReplyHead(dst []byte, id CallID, data Data) []byte {
	dst = append(dst, `{"rid":`...)
	dst = id.AppendJSON(dst)
	if data != nil {
		dst = append(dst, `,"data":`...)
	}
	return dst
}

// AppendError appends {"rid":id,"error":err}; err comes from Dehydrate.
func AppendError(dst []byte, id CallID, err Data) []byte {
	dst = append(dst, `{"rid":`...)
	dst = id.AppendJSON(dst)
	dst = appendMember(dst, "error", err)
	return append(dst, '}')
}

// AppendPublish appends the #publish packet that a subscriber receives:
// {"event":"#publish","data":{"channel":channel,"data":data}}.
func AppendPublish(dst []byte, channel string, data Data) []byte {
	dst = append(dst, `{"event":"#publish","data":{"channel":`...)
	dst = AppendString(dst, channel)
	dst = appendMember(dst, "data", data)
	return append(dst, '}', '}')
}

// AppendBatch appends the packets as one batch.
func AppendBatch(dst []byte, packets ...[]byte) []byte {
	dst = append(dst, '[')
	for i, p := range packets {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, p...)
	}
	return append(dst, ']')
}

package sqlite

import (
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// behind reports whether any of the lanes has a run of an earlier event.
func (s *session) behind(lanes []string, happened, eventSeq int64) (bool, error) {
	const text = `SELECT EXISTS (SELECT 1 FROM run_lanes WHERE lane = ?1 AND (happened, event_seq) < (?2, ?3))`
	for _, lane := range lanes {
		var earlier bool
		if err := s.One([]any{&earlier}, text, lane, happened, eventSeq); err != nil || earlier {
			return earlier, err
		}
	}
	return false, nil
}

func (s *session) joinLanes(lanes []string, happened, eventSeq, row int64) error {
	for _, lane := range lanes {
		_, err := s.Exec("INSERT INTO run_lanes (lane, happened, event_seq, rid) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
			lane, happened, eventSeq, row)
		if err != nil {
			return err
		}
	}
	return nil
}

// leaveLanes removes a run from its lanes and frees the runs that only it held
// back.
func (s *session) leaveLanes(p *ledger.Placed) error {
	for _, lane := range p.Lanes {
		_, err := s.Exec("DELETE FROM run_lanes WHERE lane = ?1 AND happened = ?2 AND event_seq = ?3 AND rid = ?4",
			lane, p.Happened, p.EventSeq, p.Row)
		if err != nil {
			return err
		}
		if err := s.freeHead(lane); err != nil {
			return err
		}
	}
	return nil
}

// freeHead frees the runs of the lane's first event if no other lane holds
// them back.
func (s *session) freeHead(lane string) error {
	const head = `SELECT l.rid, l.happened, l.event_seq, r.lanes FROM run_lanes l JOIN runs r ON r.rid = l.rid
		WHERE l.lane = ?1 AND r.held = 1 AND r.paused_by IS NULL AND (l.happened, l.event_seq) =
			(SELECT happened, event_seq FROM run_lanes WHERE lane = ?1 ORDER BY happened, event_seq LIMIT 1)`
	var waiting []ledger.Placed
	err := s.Scan(func(row ledger.Scanner) error {
		var (
			p     ledger.Placed
			lanes string
		)
		if err := row.Scan(&p.Row, &p.Happened, &p.EventSeq, &lanes); err != nil {
			return err
		}
		p.Lanes = ledger.DecodeLanes(lanes)
		waiting = append(waiting, p)
		return nil
	}, head, lane)
	if err != nil {
		return err
	}
	for i := range waiting {
		p := &waiting[i]
		if held, err := s.behind(p.Lanes, p.Happened, p.EventSeq); err != nil {
			return err
		} else if held {
			continue
		}
		if _, err := s.Exec("UPDATE runs SET held = 0 WHERE rid = ?1", p.Row); err != nil {
			return err
		}
		s.freed = true
	}
	return nil
}
